//! Every key of the file, in the order in which it is best written: what it takes, what it is by default
//! and what it is about. The JSON Schema, the file of defaults and the formatter are made of this table.
//!
//! That it has the keys that are read, and no others, and their real defaults, is tested
//! (`tests/config/keys.rs`).

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// `"30s"`.
    Duration,
    /// `"64KiB"`.
    Size,
    /// A whole number.
    Count,
    /// true or false.
    Flag,
    /// Text.
    Text,
    /// A list of strings.
    Texts,
    /// A list of whole numbers.
    Counts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A table of these.
    Table(&'static [Key]),
    /// Several tables of these.
    Tables(&'static [Key]),
    /// A table of strings by any name.
    Names,
    /// A list of strings or of tables of these.
    TextsOr(&'static [Key]),
    /// One of these forms.
    Either(&'static [Takes]),
    /// false, and nothing else.
    No,
    /// A list of tables of these.
    List(&'static [Key]),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// What it is if it is left out, as it is written; an example where there is no default.
    pub(super) value: &'static str,
    pub(super) is: Is,
    pub(super) about: &'static str,
}

/// What the value beside a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// Its default.
    Default,
    /// Its default, of which a small file cannot speak: it has a meaning beside other keys only.
    Elsewhere,
    /// An example: without the key there is nothing of it.
    Example,
    /// An example, and the key must be there.
    Needed,
}

/// A row each: the key, what it takes, its value as it is written, what that is, and what the key is about.
macro_rules! keys {
    ($($(#[$doc:meta])* $vis:vis $table:ident { $($name:ident $takes:tt $value:literal $is:ident $about:literal)+ })+) => {$(
        $(#[$doc])*
        $vis const $table: &[Key] = &[$(Key {
            name: stringify!($name),
            takes: keys!(@ $takes),
            value: $value,
            is: Is::$is,
            about: $about,
        }),+];
    )+};
    (@ ($takes:expr)) => { $takes };
    (@ $takes:ident) => { Takes::$takes };
}

use Takes::{Either, List, No, Table, Tables, Text, TextsOr, Word};

keys! {
    /// The file.
    pub(super) FILE {
        defaults (Word(&["2026"])) "\"2026\"" Default "the edition of the default values"
        include Texts "[\"conf.d/*.toml\"]" Example "other files, relative to this one; `*` and `?` stand for names"
        workers Count "2" Example "threads that serve; as many as there are cores if not given"
        user Text "\"tidegate\"" Example "who it is once it listens: a user, or USER:GROUP"
        landlock Flag "false" Default "has the kernel's Landlock let it write files only where its log and its admin socket are"
        limits (Table(LIMITS)) "" Default "how much may be held"
        dns (Table(DNS)) "" Default "who is asked for the addresses of names"
        reload (Table(RELOAD)) "" Default "when the configuration is read again"
        drain (Table(DRAIN)) "" Default "how the process leaves"
        admin (Table(ADMIN)) "" Default "where an operator asks, and who may"
        log (Table(LOG)) "" Default "lines of requests and connections"
        listener (Tables(LISTENER)) "" Needed "where to listen, and what is spoken there"
        route (Tables(ROUTE)) "" Example "which requests go where; the most specific one answers"
        cluster (Tables(CLUSTER)) "" Needed "endpoints that are as good as each other"
    }

    LIMITS {
        relay Size "\"64KiB\"" Default "of one direction of a connection, in memory, before its source is held"
        pipe Size "\"256KiB\"" Default "the same in a pipe of the kernel's; 0B: never"
        pipe_from Size "\"16KiB\"" Default "two reads of this size in a row call for a pipe"
        head Size "\"32KiB\"" Default "of a message's head"
        fields Count "100" Default "of a head"
        target Size "\"8KiB\"" Default "of a request's target"
        max_body Size "\"10MiB\"" Example "of a request's body: 413 beyond it"
        min_body_rate Size "\"100B\"" Default "of a request's body in a second; 0B: none"
        memory Size "\"2GiB\"" Example "of the process: above it accepting pauses"
    }

    DNS {
        servers Texts "[\"10.0.0.53\"]" Example "in place of those of /etc/resolv.conf"
        family (Word(&["prefer-ipv4", "prefer-ipv6", "ipv4", "ipv6", "all"])) "\"prefer-ipv4\"" Default "which addresses of a name are used"
        timeout Duration "\"5s\"" Example "of one question to one server"
        attempts Count "2" Example "how often each server is asked"
    }

    RELOAD {
        watch Flag "false" Default "by itself, when what is in its files changes"
    }

    DRAIN {
        pre_delay Duration "\"0s\"" Default "not ready any more, and still accepting"
        timeout Duration "\"30s\"" Default "for what is in flight; the rest is reset"
    }

    ADMIN {
        unix Text "\"/run/tidegate.sock\"" Example "a Unix socket; where it usually is if not given; off: none"
        http Text "\"127.0.0.1:9901\"" Example "over HTTP; there if not given and free; off: none"
        token_file Text "\"admin.token\"" Example "the word that whoever comes over HTTP must know to change anything"
        tls (Table(ADMIN_TLS)) "{ cert = \"admin.pem\", key = \"admin.key\" }" Example "TLS in place of HTTP in the clear"
    }

    ADMIN_TLS {
        certs Texts "[\"admin.pem\"]" Example "PEM files that hold chain and key"
        cert Text "\"admin.pem\"" Example "a PEM file: certificate and chain"
        key Text "\"admin.key\"" Example "a PEM file: its key"
        client_ca Text "\"operators.pem\"" Example "a PEM file: who signs the certificates that operators must have; they may change everything"
    }

    LOG {
        format (Word(&["pretty", "json", "logfmt", "combined", "template"])) "\"json\"" Example "pretty on a terminal, else json"
        requests Flag "true" Default "a line for each request"
        connections (Word(&["abnormal", "all", "off"])) "\"abnormal\"" Default "a line for which connections, at their end"
        file Text "\"stdout\"" Default "stdout, stderr, or a file, which SIGUSR1 has opened again"
        template Text "\"{client.address} {http.request.method} {url.path}\"" Example "with format = \"template\""
        query Flag "false" Default "whether the query of a request is in its line"
    }

    LISTENER {
        name Text "\"web\"" Needed "unique among listeners"
        bind Texts "[\":8080\"]" Needed "addresses to listen at; :PORT is every IPv4 address"
        kind (Word(&["http", "tcp"])) "\"http\"" Default "what is spoken"
        tls (Either(&[Word(&["dev", "passthrough"]), Table(LISTENER_TLS)])) "\"dev\"" Example "where TLS ends: here, or (tcp only) elsewhere"
        to Text "\"api\"" Example "the cluster of everything that no route is for"
        trusted Texts "[\"10.0.0.0/8\"]" Example "proxies in front of us, whose word about their clients counts"
        behind (Word(&["aws-alb", "gcp-lb", "cloudflare", "haproxy", "none"])) "\"none\"" Default "who stands in front: sets `idle` above theirs"
        proxy_protocol (Table(ACCEPT)) "{ accept_from = [\"10.0.0.0/8\"] }" Example "a PROXY header must come first"
        allow Texts "[\"10.0.0.0/8\"]" Example "who is let in"
        deny Texts "[\"10.9.0.0/16\"]" Example "who of them is not"
        max_connections Count "10000" Example "the next ones wait"
        max_connections_per_source Count "50" Example "an IPv4 address, or a /64 of IPv6"
        rate (Table(RATE)) "{ requests = 100, per = \"1s\" }" Example "of requests of one source: 429 beyond it"
        forwarded (Word(&["x-forwarded", "forwarded", "both", "none"])) "\"x-forwarded\"" Default "which fields tell an origin where a request comes from"
        via (Either(&[Text, No])) "\"tidegate\"" Default "our name in Via; false: no Via of ours"
        paths (Word(&["strict", "as-sent"])) "\"strict\"" Default "whether paths with `..` are refused"
        request_id (Word(&["off", "make", "keep"])) "\"off\"" Default "who gives a request its X-Request-Id"
        bare_fin (Word(&["truncated", "clean"])) "\"truncated\"" Elsewhere "what a TLS client's FIN without close_notify is"
        tls12_half_close (Word(&["deliver", "strict"])) "\"deliver\"" Elsewhere "what its close_notify is in TLS 1.2"
        client_fin (Word(&["deliver", "cancel", "probe"])) "\"deliver\"" Default "what becomes of a request whose client has sent FIN"
        tunnel_close (Word(&["independent", "both"])) "\"independent\"" Default "whether one end of a tunnel ends the other"
        idle (Word(&["abort", "finish"])) "\"abort\"" Default "how a tunnel ends in which nothing moves"
        send_buffer Size "\"64KiB\"" Example "of sockets to clients; the kernel decides if not given"
        recv_buffer Size "\"64KiB\"" Example "of sockets to clients; the kernel decides if not given"
        keepalive (Table(KEEPALIVE)) "" Default "when the kernel asks a silent client"
        timeouts (Table(LISTENER_WAITS)) "" Default "how long anything may wait"
    }

    LISTENER_TLS {
        certs Texts "[\"web.pem\"]" Example "PEM files that hold chain and key"
        cert Text "\"web.pem\"" Example "a PEM file: certificate and chain"
        key Text "\"web.key\"" Example "a PEM file: its key"
        client_ca Text "\"clients.pem\"" Example "a PEM file: who signs clients' certificates"
        client_auth (Word(&["required", "optional"])) "\"required\"" Elsewhere "whether a client must have one"
    }

    ACCEPT {
        accept_from Texts "[\"10.0.0.0/8\"]" Needed "whose header is believed"
    }

    RATE {
        requests Count "100" Needed "so many"
        per Duration "\"1s\"" Needed "in so long"
        burst Count "100" Example "at once; as `requests` if not given"
    }

    KEEPALIVE {
        established Duration "\"60s\"" Default "silence before the first question"
        half_closed Duration "\"15s\"" Default "the same once one side has ended"
        interval Duration "\"15s\"" Default "from one question to the next"
        probes Count "4" Default "questions that may stay unanswered"
        user_timeout Duration "\"5m\"" Example "how long anything may stay unacknowledged; as `write` if not given"
    }

    LISTENER_WAITS {
        tls Duration "\"10s\"" Elsewhere "a TLS handshake, or a PROXY header"
        head Duration "\"30s\"" Default "a request head; the first bytes of a connection"
        idle Duration "\"75s\"" Default "between two requests"
        idle_least Duration "\"1s\"" Default "the same at least"
        request Duration "\"30s\"" Default "a request body without progress"
        pace Duration "\"60s\"" Default "from when on a request body has to come at min_body_rate"
        write Duration "\"60s\"" Default "a peer that takes nothing (tcp: 300s)"
        tunnel Duration "\"1h\"" Default "a relay or tunnel in which nothing moves"
        half_idle Duration "\"1h\"" Default "the same once one side has ended; as `tunnel` if not given"
        tunnel_write Duration "\"300s\"" Default "as `write`, in a tunnel that began as a request"
        linger Duration "\"2s\"" Default "for a client's FIN behind ours"
        linger_stall Duration "\"60s\"" Default "for the rest of an answer behind which we close; as `write` if not given"
        flush Duration "\"1s\"" Default "before a reset, without progress"
        flush_total Duration "\"10s\"" Default "the same in all"
    }

    ROUTE {
        listener Text "\"web\"" Needed "the listener that it is for"
        host Text "\"api.example.com\"" Example "a name, or `*.` and a name"
        path Text "\"/v1/\"" Example "a path and everything under it"
        exact Text "\"/status\"" Example "one path alone"
        methods Texts "[\"GET\", \"HEAD\"]" Example "in these letters"
        headers Names "{ x-version = \"2\", x-debug = true }" Example "fields that are there, with this value or any"
        to (Either(&[Text, List(SHARE)])) "\"api\"" Example "a cluster, or several with their weights"
        redirect (Table(REDIRECT)) "{ to = \"https://{host}{path}{query}\" }" Example "instead of `to`: the client is to ask elsewhere"
        respond (Table(RESPOND)) "{ status = 403 }" Example "instead of `to`: always the same answer"
        strip_prefix Flag "false" Elsewhere "whether `path` is taken away from what is sent on"
        replace_prefix Text "\"/new\"" Example "what takes the place of `path` in what is sent on"
        host_header Text "\"internal:8080\"" Example "the Host that an origin gets"
        request_headers (Table(EDITS)) "{ remove = [\"x-debug\"] }" Example "changes on the way to an origin"
        response_headers (Table(EDITS)) "{ set = { x-frame-options = \"DENY\" } }" Example "changes on the way back"
        timeouts (Table(ROUTE_WAITS)) "{ response = \"30s\" }" Example "over the cluster's"
    }

    SHARE {
        cluster Text "\"api\"" Needed "its name"
        weight Count "1" Needed "its part of the sum"
    }

    REDIRECT {
        status Count "308" Default "301, 302, 303, 307 or 308"
        to Text "\"https://{host}{path}{query}\"" Needed "a URL or a path"
    }

    RESPOND {
        status Count "403" Needed "200 to 599"
        body Text "\"no\\n\"" Example "what is behind the head"
        content_type Text "\"text/plain; charset=utf-8\"" Elsewhere "the type of that"
    }

    EDITS {
        set Names "{ name = \"value\" }" Example "in place of what was there"
        add Names "{ name = \"value\" }" Example "beside what was there"
        remove Texts "[\"x-debug\"]" Example "by name"
    }

    ROUTE_WAITS {
        response Duration "\"60s\"" Elsewhere "a response head"
        body Duration "\"60s\"" Elsewhere "a response body without progress"
        write Duration "\"60s\"" Elsewhere "an endpoint that takes nothing"
        tunnel_write Duration "\"300s\"" Elsewhere "the same in a tunnel"
    }

    CLUSTER {
        name Text "\"api\"" Needed "unique among clusters"
        endpoints (TextsOr(ENDPOINT)) "[\"127.0.0.1:3000\"]" Needed "HOST:PORT or unix:PATH"
        balance (Either(&[Word(&["least-request", "round-robin", "random"]), Table(BALANCE)])) "\"least-request\"" Default "who gets the next request"
        health (Table(HEALTH)) "{ path = \"/healthz\" }" Example "how endpoints are checked"
        ejection (Either(&[Word(&["off"]), Table(EJECTION)])) "" Default "when an endpoint that fails is left alone"
        slow_start Duration "\"30s\"" Example "how long who comes or comes back gets less than its share"
        queue (Either(&[Word(&["off"]), Table(QUEUE)])) "{ depth = 256, timeout = \"1s\" }" Elsewhere "who may wait while all endpoints are at their limits"
        retries (Table(RETRIES)) "" Default "how many requests are sent again, and for which answers"
        connect Flag "false" Default "whether CONNECT requests may go to it"
        proxy_protocol (Word(&["v1", "v2"])) "\"v2\"" Example "a PROXY header for its endpoints"
        tls (Either(&[Word(&["system"]), Table(CLUSTER_TLS)])) "\"system\"" Example "how endpoints are spoken to over TLS"
        send_buffer Size "\"64KiB\"" Example "of sockets to endpoints"
        recv_buffer Size "\"64KiB\"" Example "of sockets to endpoints"
        keepalive (Table(KEEPALIVE)) "" Default "when the kernel asks a silent endpoint; as the listener's if not given"
        timeouts (Table(CLUSTER_WAITS)) "" Default "over the listener's"
    }

    ENDPOINT {
        address Text "\"127.0.0.1:3000\"" Needed "HOST:PORT or unix:PATH"
        weight Count "1" Default "how much it gets beside the others; 0: nothing new"
        tier Count "0" Default "used while nobody of a lower one is to be had"
        max_connections Count "50" Example "at once"
    }

    BALANCE {
        maglev (Table(MAGLEV)) "{ header = \"x-user\" }" Needed "by a hash"
    }

    MAGLEV {
        header Text "\"x-user\"" Example "of this field"
        cookie Text "\"sid\"" Example "of this cookie"
        by (Word(&["path", "source"])) "\"path\"" Example "of the path, or of the client's address"
        table_size Count "65537" Elsewhere "a prime"
    }

    HEALTH {
        path Text "\"/healthz\"" Example "what is asked for"
        host Text "\"api.internal\"" Example "the Host; the endpoint's own if not given"
        status Text "\"200-399\"" Elsewhere "which answers will do"
        body Text "\"ok\"" Example "what an answer must contain"
        tcp Flag "false" Elsewhere "nothing is asked: connections must be taken"
        interval Duration "\"5s\"" Elsewhere "from one check to the next"
        fast Duration "\"5s\"" Elsewhere "the same while results contradict the state"
        timeout Duration "\"2s\"" Elsewhere "of one check"
        rise Count "2" Elsewhere "passes in a row to come up"
        fall Count "3" Elsewhere "failures in a row to go down"
        initial (Word(&["up", "down"])) "\"up\"" Elsewhere "what it is before the first check"
    }

    EJECTION {
        failures Count "5" Default "in a row"
        base Duration "\"10s\"" Default "for so long, times the number of times"
        most Duration "\"5m\"" Default "at most"
        percent Count "50" Default "of the endpoints, and never the last"
        statuses Counts "[502, 503, 504]" Default "answers that are failures"
    }

    QUEUE {
        depth Count "256" Elsewhere "so many"
        timeout Duration "\"1s\"" Elsewhere "so long"
    }

    RETRIES {
        percent Count "20" Default "of its requests"
        per_second Count "3" Default "at least"
        statuses Counts "[]" Default "answers for which an idempotent request is sent again"
    }

    CLUSTER_TLS {
        ca Text "\"origins.pem\"" Example "a PEM file: who signs their certificates"
        server_name Text "\"api.internal\"" Example "the name they must be for"
        cert Text "\"own.pem\"" Example "our certificate"
        key Text "\"own.key\"" Example "its key"
    }

    CLUSTER_WAITS {
        connect Duration "\"5s\"" Default "one attempt to connect"
        tls Duration "\"10s\"" Elsewhere "a TLS handshake"
        response Duration "\"60s\"" Default "a response head"
        body Duration "\"60s\"" Default "a response body without progress"
        write Duration "\"60s\"" Default "an endpoint that takes nothing"
        tunnel_write Duration "\"300s\"" Default "the same in a tunnel that began as a request"
        pool_idle Duration "\"4s\"" Elsewhere "a connection that nobody uses; up to 55s if the origin says so"
    }
}
