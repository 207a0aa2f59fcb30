# SPDX-License-Identifier: MIT
# DMA reaches the registers of devices, this one's among them.
# caught by: queues /queues/foreign-addresses
s/if (!memory_region_is_ram(region).*{/if (!region) {/
