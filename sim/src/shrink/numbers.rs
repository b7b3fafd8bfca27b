//! Smaller lists and smaller numbers: what every edit is made of.

/// `list` without a part of it: halves first, then quarters, at last single items.
pub(super) fn without<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let mut all = Vec::new();
    let mut size = list.len();
    while size > 0 {
        for from in (0..list.len()).step_by(size) {
            let to = (from + size).min(list.len());
            let kept = [&list[..from], &list[to..]].concat();
            all.push(kept);
        }
        size /= 2;
    }
    all
}

/// Numbers between `least` and `n`, the boldest first; the last steps are small ones.
pub(super) fn less(n: u32, least: u32) -> Vec<u32> {
    let mut all = vec![least, n / 2, n / 4 * 3];
    if n <= 24 {
        all.push(n.saturating_sub(1));
    }
    all.retain(|smaller| (least..n).contains(smaller));
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_loses_its_halves_before_its_items() {
        let shorter = without(&[1, 2, 3, 4]);
        let expected: [&[i32]; 7] = [
            &[],
            &[3, 4],
            &[1, 2],
            &[2, 3, 4],
            &[1, 3, 4],
            &[1, 2, 4],
            &[1, 2, 3],
        ];
        assert_eq!(shorter, expected);
        assert!(without::<u8>(&[]).is_empty());
    }

    #[test]
    fn a_number_becomes_smaller_and_never_less_than_its_least() {
        assert_eq!(less(1_000, 1), [1, 500, 750]);
        assert_eq!(less(5, 1), [1, 2, 3, 4]);
        assert_eq!(less(2, 1), [1]);
        assert!(less(1, 1).is_empty());
        assert_eq!(less(1, 0), [0]);
    }
}
