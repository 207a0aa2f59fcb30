# SPDX-License-Identifier: MIT
# Nothing is carried by a migration, and nothing says so.
# caught by: migrate /migrate/carried
/dc->vmsd = /d
