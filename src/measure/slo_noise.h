/*
 * slo_noise: how far the figures of two runs may lie apart by chance.
 *
 * The measured time is cut into batches of equal length, 5 to 30 of them; the
 * values of the figure in each say how much it varies. Batches are taken, not
 * operations, since those of one run depend on each other (nonoverlapping
 * batch means: Schmeiser 1982, "Batch size effects in the analysis of
 * simulation output", Operations Research 30(3), which also says why more than
 * 30 batches are of no use). With b batches of deviation s, the difference of
 * this run and one n times as long as it is, which is taken to be as noisy, is
 * beyond
 *     t(0.975, b - 1) * s / sqrt(b) * sqrt(1 + 1 / n)
 * by chance in one case of twenty. That holds where nothing but chance makes
 * batches differ: where the plan changes load or service meanwhile (stages,
 * ramps, windows of faults, a timeline) its course would be taken for noise,
 * and there is none. What differs from run to run and not within
 * one (another machine, another hour) is not in it: that is for whoever judges
 * to declare (slo_term.least_noise).
 */
#ifndef SQUALL_MEASURE_SLO_NOISE_H
#define SQUALL_MEASURE_SLO_NOISE_H

#include "measure/slo.h"

/* Of a term's value, in its unit, against a run that measured for so long; at
 * most the whole of what was seen where that is declared. NAN: the figure is
 * not kept by the second, there are fewer than 5 seconds, or the plan is not
 * level. */
double slo_noise(const struct slo_term *term, const struct result *result,
                 struct duration baseline);

#endif
