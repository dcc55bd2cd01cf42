import { exponential, fixed, gamma, uniform } from './basic-phases.js';
import { mixture, scaled, sequence } from './composite-phases.js';
import { lognormal } from './lognormal.js';
import { maximum } from './maximum.js';

/** The functions that make phases: `phase.fixed(30)`, `phase.sequence(a, b)`. */
export const phase: {
  readonly fixed: typeof fixed;
  readonly exponential: typeof exponential;
  readonly gamma: typeof gamma;
  readonly uniform: typeof uniform;
  readonly lognormal: typeof lognormal;
  readonly mixture: typeof mixture;
  readonly sequence: typeof sequence;
  readonly maximum: typeof maximum;
  readonly scaled: typeof scaled;
} = Object.freeze({ fixed, exponential, gamma, uniform, lognormal, mixture, sequence, maximum, scaled });
