# SPDX-License-Identifier: MIT
# A hostile migration stream sets any status.
# caught by: migrate /migrate/stream/unknown-status
/\.post_load = /d
