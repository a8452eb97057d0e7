vcl 4.1;

# Varnish: render again in place for `warmer crawl --refresh`. Include it before your own VCL;
# what the cache did, X-Varnish and Age say without help.
#
# The request header X-Warmer-Refresh holds unix seconds, a dot and an HMAC-SHA256 in hex, which
# Varnish cannot compute by itself: so it is believed from these addresses alone. From elsewhere
# it would let anyone past the cache. Behind a load balancer match a secret header instead.

acl warmer {
    "127.0.0.1";
    "10.0.0.7";
}

sub vcl_recv {
    if (req.http.X-Warmer-Refresh) {
        if (client.ip ~ warmer && req.http.X-Warmer-Refresh ~ "^[0-9]+\.[0-9a-f]{64}$") {
            set req.hash_always_miss = true;
        } else {
            unset req.http.X-Warmer-Refresh;
        }
    }
}
