"""Watch mode: deploys an app again at each change of its files.

`filter` says which files are watched, `snapshot` what has changed, `build_products` which of those
the build command wrote itself, and `schedule` when to act. `notify` receives the system's events,
`engine` deploys, and `session` puts them together.
"""
