// The task watchdog, for a task that computes for long: it is fed when the task says that it lives,
// which is when others are let live too.
#pragma once

namespace tinygate {

void watch_this_task();
void feed_watchdog();

}  // namespace tinygate
