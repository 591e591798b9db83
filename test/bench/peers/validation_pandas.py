"""The rules of contract.yml and a profile of a CSV, with pandas: python validation_pandas.py people.csv"""

import json
import sys

import pandas as pd
import usage  # noqa: F401

LEVELS = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
ABROAD = ["AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU"]
COUNTED = ["country", "plan", "gender", "active"]

df = pd.read_csv(sys.argv[1])

rules = {
    "id.required": df["id"].isna().sum(),
    "id.unique": df["id"].duplicated().sum(),
    "signed_up.type": pd.to_datetime(df["signed_up"], format="%Y-%m-%d", errors="coerce").isna().sum(),
    "abroad": (~df["country"].isin(ABROAD)).sum() * 100 / len(df),
    "plans": (~df["plan"].isin(["free", "plus", "team", "enterprise"])).sum(),
    "gender.required": df["gender"].isna().sum(),
    "email.pattern": (~df["email"].str.match(r"^[a-z0-9.]+@example\.com$")).sum(),
    "age.type": 0 if pd.api.types.is_integer_dtype(df["age"]) else len(df),
    "age.minimum": (df["age"] < 18).sum(),
    "age.maximum": (df["age"] > 100).sum(),
    "no_income": df["income"].isna().sum() * 100 / len(df),
    "sessions.type": 0 if pd.api.types.is_integer_dtype(df["sessions"]) else len(df),
    "score.type": 0 if pd.api.types.is_numeric_dtype(df["score"]) else len(df),
    "score.minimum": (df["score"] < 0).sum(),
    "score.maximum": (df["score"] > 1).sum(),
    "churned.required": df["churned"].isna().sum(),
}

missing = df.isna().sum()
numbers = df.select_dtypes("number").describe(percentiles=LEVELS)
profile = {
    name: {"missing": missing[name], "mean": column["mean"], "sd": column["std"], "min": column["min"], "max": column["max"]}
    for name, column in numbers.items()
}
for name in ["signed_up", "age", "tenure", "sessions", "churned"]:
    profile.setdefault(name, {"missing": missing[name]})["distinct"] = df[name].nunique()
for name in COUNTED:
    values = df[name].value_counts()
    profile[name] = {"missing": missing[name], "distinct": len(values), "most": values.iloc[0]}
profile["email"] = {"missing": missing["email"]}

json.dump({"peer": f"pandas {pd.__version__}", "rows": len(df), "rules": rules, "profile": profile}, sys.stdout, default=float)
