package config

import (
	"net"
	"net/url"
	"strings"
)

// refuseOverlaps refuses two stores over the same keys, and a vault or work area
// inside a store: a sweep would delete its own evidence.
func refuseOverlaps(stores []readStore, vault *group, v Vault) {
	for i, s := range stores {
		for _, other := range stores[:i] {
			if overlap(s.Place, other.Place) {
				s.group.problem("prefix", "overlaps %s: the same keys would be swept by two rules; keep one, or give them prefixes apart", other.describe())
			}
		}
		if v.S3 != nil && overlap(s.Place, v.S3.Place) {
			vault.problem("s3", "lies inside or around %s, whose sweep would delete the evidence; use a bucket or prefix of its own", s.describe())
		}
		if v.Work.S3 != nil && overlap(s.Place, *v.Work.S3) {
			vault.problem("work", "lies inside or around %s, whose sweep would delete it; use a bucket or prefix of its own", s.describe())
		}
	}
}

// overlap reports whether some key can be in both places.
func overlap(a, b Place) bool {
	return sameBucket(a, b) && (strings.HasPrefix(a.Prefix, b.Prefix) || strings.HasPrefix(b.Prefix, a.Prefix))
}

func sameBucket(a, b Place) bool {
	return a.Bucket != "" && a.Bucket == b.Bucket && server(a.Endpoint) == server(b.Endpoint)
}

// server names the server behind an endpoint, the same for spellings that are
// known to mean the same. On AWS a bucket's name says it all, whatever the region.
func server(endpoint string) string {
	u, err := url.Parse(endpoint)
	if endpoint == "" || err != nil {
		return "aws"
	}
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn") {
		return "aws"
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && (ip.IsLoopback() || ip.IsUnspecified())) {
		host = "loopback"
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(host, port)
}
