"""The rules of contract.yml and a profile of a CSV, with polars' lazy engine: python validation_polars.py people.csv"""

import json
import sys

import polars as pl
import usage  # noqa: F401

LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
ABROAD = ["AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU"]
COUNTED = ["country", "plan", "gender", "active"]
DISTINCT = ["signed_up", "age", "tenure", "sessions", "churned"]

people = pl.scan_csv(sys.argv[1])
schema = people.collect_schema()
numbers = [name for name, kind in schema.items() if kind.is_numeric()]

rules = {
    "id.required": pl.col("id").null_count(),
    "id.unique": pl.len() - pl.col("id").n_unique(),
    "signed_up.type": pl.col("signed_up").str.to_date("%Y-%m-%d", strict=False).null_count(),
    "abroad": (~pl.col("country").is_in(ABROAD)).sum() * 100 / pl.len(),
    "plans": (~pl.col("plan").is_in(["free", "plus", "team", "enterprise"])).sum(),
    "gender.required": pl.col("gender").null_count(),
    "email.pattern": (~pl.col("email").str.contains(r"^[a-z0-9.]+@example\.com$")).sum(),
    "age.minimum": (pl.col("age") < 18).sum(),
    "age.maximum": (pl.col("age") > 100).sum(),
    "no_income": pl.col("income").null_count() * 100 / pl.len(),
    "score.minimum": (pl.col("score") < 0).sum(),
    "score.maximum": (pl.col("score") > 1).sum(),
    "churned.required": pl.col("churned").null_count(),
}
asked = {
    "rows": pl.len(),
    **{f"rule {name}": count for name, count in rules.items()},
    **{f"missing {name}": pl.col(name).null_count() for name in schema},
    **{f"{part} {name}": getattr(pl.col(name), part)() for name in numbers for part in ["mean", "std", "min", "max"]},
    **{f"quantile {level} {name}": pl.col(name).quantile(level) for name in numbers for level in LEVELS},
    **{f"distinct {name}": pl.col(name).n_unique() for name in DISTINCT},
    **{f"values {name}": pl.col(name).value_counts(sort=True).implode() for name in COUNTED},
}
row = people.select(**asked).collect(engine="streaming").row(0, named=True)

profile = {name: {"missing": row[f"missing {name}"]} for name in schema}
for name in numbers:
    profile[name] |= {"mean": row[f"mean {name}"], "sd": row[f"std {name}"], "min": row[f"min {name}"], "max": row[f"max {name}"]}
for name in DISTINCT:
    profile[name]["distinct"] = row[f"distinct {name}"]
for name in COUNTED:
    values = row[f"values {name}"]
    profile[name] |= {"distinct": len(values), "most": values[0]["count"]}
counts = {name: row[f"rule {name}"] for name in rules}
counts |= {f"{name}.type": 0 if schema[name].is_integer() else row["rows"] for name in ["age", "sessions"]}
counts["score.type"] = 0 if schema["score"].is_numeric() else row["rows"]

json.dump({"peer": f"polars {pl.__version__}", "rows": row["rows"], "rules": counts, "profile": profile}, sys.stdout)
