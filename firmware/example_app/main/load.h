/* What an application does besides its model: a sensor sampled every millisecond, its history, a light that blinks. */
#pragma once

/* Makes what lives as long as the application. Once, at boot. */
void load_init(void);

/* Sampling and blinking begin, with interrupts on the core that calls; and end. */
void load_start(void);
void load_stop(void);
