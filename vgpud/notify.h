/* SPDX-License-Identifier: MIT */
#ifndef VGPUD_NOTIFY_H
#define VGPUD_NOTIFY_H

/* Tells systemd something like "READY=1", when it has started us with $NOTIFY_SOCKET; else
 * does nothing. Never waits, and nothing depends on it. */
void notify(const char *text);

#endif /* VGPUD_NOTIFY_H */
