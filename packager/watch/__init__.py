"""Watch mode: deploys an app again at each change of its files.

`relevance` says what is looked at, `tree` what has changed, `outputs` what of it the build command
wrote itself, and `schedule` when to act; `files` is told by the system that something happened, and
`session` puts them together.
"""

# What is said when the build command begins, which may print.
BUILDING = "Building"
