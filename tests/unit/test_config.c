/* SPDX-License-Identifier: MIT */
/* The properties' texts, good, empty and bad. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/config.h"

static void check_good(void)
{
    static const struct {
        const char *pool, *priority;
        uint32_t pool_value, priority_value;
    } cases[] = {
        { NULL, NULL, 'A', 1 },    { "", "", 'A', 1 },
        { "A", "low", 'A', 0 },    { "A", "medium", 'A', 1 },
        { "A", "high", 'A', 2 },   { "B", "low", 'B', 0 },
        { "B", "medium", 'B', 1 }, { "B", "high", 'B', 2 },
        { NULL, "high", 'A', 2 },  { "B", NULL, 'B', 1 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        VgpuConfigError error = { 0 };
        VgpuConfig config;

        g_assert_cmpint(vgpu_config_parse(&config, cases[i].pool,
                                          cases[i].priority, 100 + (guint)i,
                                          (guint)i, &error),
                        ==, 0);
        g_assert_cmphex(config.pool, ==, cases[i].pool_value);
        g_assert_cmphex(config.priority, ==, cases[i].priority_value);
        g_assert_cmpuint(config.vm_id, ==, 100 + i);
        g_assert_cmpuint(config.queues, ==, i);
        g_assert_null(error.property);
    }
}

static void check_texts(void)
{
    static const char *const pools[] = { "A", "B" };
    static const char *const priorities[] = { "low", "medium", "high" };
    VgpuConfigError error;
    VgpuConfig config;
    size_t i, j;

    for (i = 0; i < G_N_ELEMENTS(pools); i++) {
        for (j = 0; j < G_N_ELEMENTS(priorities); j++) {
            g_assert_cmpint(vgpu_config_parse(&config, pools[i], priorities[j],
                                              0, 0, &error),
                            ==, 0);
            g_assert_cmpstr(vgpu_config_pool_text(&config), ==, pools[i]);
            g_assert_cmpstr(vgpu_config_priority_text(&config), ==,
                            priorities[j]);
        }
    }
}

static void refused_with(const char *pool, const char *priority,
                         uint32_t queues, const char *property,
                         const char *value, const char *allowed)
{
    const VgpuConfig before = { 1, 2, 3, 4 };
    VgpuConfig config = before;
    VgpuConfigError error = { 0 };

    g_assert_cmpint(
        vgpu_config_parse(&config, pool, priority, 9, queues, &error), ==,
        -EINVAL);
    g_assert_cmpstr(error.property, ==, property);
    g_assert_cmpstr(error.value, ==, value);
    g_assert_cmpstr(error.allowed, ==, allowed);
    g_assert_cmpmem(&config, sizeof(config), &before, sizeof(before));
}

static void refused(const char *pool, const char *priority,
                    const char *property, const char *value,
                    const char *allowed)
{
    refused_with(pool, priority, 0, property, value, allowed);
}

static void check_bad_queues(void)
{
    refused_with("A", "low", 17, "queues", NULL, " 0 to 16");
    refused_with("A", "low", 0x80000000, "queues", NULL, " 0 to 16");
    refused_with("A", "low", 0xffffffff, "queues", NULL, " 0 to 16");
}

static void check_bad(void)
{
    static const char *const pools[] = {
        "C", "a", "AB", " A", "A ", "0", "%s", "\n", "\xff",
    };
    static const char *const priorities[] = {
        "urgent", "HIGH", "lo", "lowlow", "low ", "2", "%n", "\xff",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pools); i++) {
        refused(pools[i], "high", "pool_id", pools[i], " 'A' 'B'");
    }
    for (i = 0; i < G_N_ELEMENTS(priorities); i++) {
        refused("B", priorities[i], "priority", priorities[i],
                " 'low' 'medium' 'high'");
    }
    /* The first wrong one is the one that is named. */
    refused("C", "urgent", "pool_id", "C", " 'A' 'B'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/config/good", check_good);
    g_test_add_func("/config/texts", check_texts);
    g_test_add_func("/config/bad", check_bad);
    g_test_add_func("/config/bad-queues", check_bad_queues);
    return g_test_run();
}
