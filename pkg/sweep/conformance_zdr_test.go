package sweep_test

// zdrPoints are the points about holds, layouts and Zero Data Retention.
func zdrPoints() []point { return nil }
