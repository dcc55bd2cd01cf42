import * as v from 'valibot';
import { BANDWIDTH_MAX_GBPS, BANDWIDTH_MIN_GBPS } from '../units.js';

const expected = `expected GB/s (10^9 bytes/s) from ${BANDWIDTH_MIN_GBPS} to ${BANDWIDTH_MAX_GBPS}`;

/**
 * The schema of a bandwidth in a document, GB/s per direction. Within its limits sums and quotients keep their
 * digits.
 */
export const bandwidthFigure: v.GenericSchema<number> = v.pipe(
  v.number(),
  v.minValue(BANDWIDTH_MIN_GBPS, expected),
  v.maxValue(BANDWIDTH_MAX_GBPS, expected),
);
