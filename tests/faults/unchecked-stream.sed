# SPDX-License-Identifier: MIT
# A hostile migration stream sets any status.
# caught by: migrate /migrate/stream/unknown-status
# limit: 5
/\.post_load = /d
