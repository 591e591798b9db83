"""Reads [[name, argument...]...] on stdin, prints scipy's answers as a JSON list."""

import json
import sys

from scipy import stats


def interval(successes, n, alpha, method):
    found = stats.binomtest(successes, n).proportion_ci(1 - 2 * alpha, method=method)
    return [found.low, found.high]


ANSWERS = {
    "clopperPearson": lambda successes, n, alpha: interval(successes, n, alpha, "exact"),
    "wilson": lambda successes, n, alpha: interval(successes, n, alpha, "wilson"),
    "fisherExact": lambda a, b, c, d: [stats.fisher_exact([[a, b - a], [c, d - c]]).pvalue],
    "chiSquareSf": lambda x, df: [stats.chi2.sf(x, df)],
    "betaCdf": lambda x, a, b: [stats.beta.cdf(x, a, b)],
    "betaQuantile": lambda p, a, b: [stats.beta.ppf(p, a, b)],
    "tCdf": lambda t, df: [stats.t.cdf(t, df)],
    "tQuantile": lambda p, df: [stats.t.ppf(p, df)],
    "normalCdf": lambda z: [stats.norm.cdf(z)],
    "normalQuantile": lambda p: [stats.norm.ppf(p)],
    "tBounds": lambda mean, variance, n, alpha: list(stats.t.interval(1 - 2 * alpha, n - 1, mean, (variance / n) ** 0.5)),
}

json.dump([[float(value) for value in ANSWERS[name](*given)] for name, *given in json.load(sys.stdin)], sys.stdout)
