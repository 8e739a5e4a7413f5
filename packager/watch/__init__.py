"""Watch mode: deploys an app again at each change of its files.

`filter` decides which files are watched, `snapshot` finds those that have changed, `build_products`
recognizes the files that the build command writes itself, and `schedule` decides when to act.
`notify` receives the system's events, `polling` replaces them, `build` and `engine` build and
deploy, and `session` runs all of these.
"""
