"""Sends a file with boto3's upload_file: python upload.py file bucket key"""

import json
import os
import sys
import time

import boto3
import usage  # noqa: F401

file, bucket, key = sys.argv[1:]
client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"])
start = time.perf_counter()
client.upload_file(file, bucket, key)
seconds = time.perf_counter() - start
client.delete_object(Bucket=bucket, Key=key)
json.dump({"peer": f"boto3 {boto3.__version__}", "seconds": seconds}, sys.stdout)
