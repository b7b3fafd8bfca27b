//! Tidegate: a reverse proxy that ends connections well.
