"""AWS, as the packager uses it: the only package that imports boto3."""
