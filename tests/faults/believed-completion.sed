# SPDX-License-Identifier: MIT
# A worker may answer with more bytes than the guest has room for.
# caught by: link /link/wrong-completions
# limit: 5
s/return done->response_bytes <= flight->room;/return true;/
