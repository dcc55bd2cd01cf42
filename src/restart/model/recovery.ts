import { readFields } from '../../checks/fields.js';
import { callForeign, readList } from '../../checks/plain-data.js';
import type { ErrorPath } from '../../errors.js';
import { checkPhase, PHASES_MAX, type Phase } from '../phases/phase.js';

/**
 * The steps of a restart in the order in which they run. `launch` covers image pull and start of processes; `other`
 * is a phase without a name.
 */
export const RECOVERY_STEPS: readonly [
  'detect',
  'drain',
  'reschedule',
  'launch',
  'rendezvous',
  'load',
  'warmUp',
  'other',
] = Object.freeze(['detect', 'drain', 'reschedule', 'launch', 'rendezvous', 'load', 'warmUp', 'other']);
/** One step of a restart. */
export type RecoveryStep = (typeof RECOVERY_STEPS)[number];

/** Durations by step; a step left out takes no time. They run in the order of {@link RECOVERY_STEPS}. */
export type RecoverySteps = { readonly [Step in RecoveryStep]?: Phase | undefined };

/**
 * The steps between a failure and the next useful training step.
 *
 * No failure can interrupt hidden steps, because no worker runs. In exposed steps the gang runs, and another failure
 * starts the restart again.
 */
export interface RecoveryPath {
  readonly hidden: RecoverySteps;
  readonly exposed: RecoverySteps;
}

/** A step and its duration. */
export interface TimedStep {
  readonly step: RecoveryStep;
  readonly phase: Phase;
}

/** Durations of a restart: by step, or one or several phases without names, one after another. */
export type RecoveryDurations = RecoverySteps | Phase | readonly Phase[];

/** Reads durations as a list of steps in the order in which they run. Phases without names become steps `other`. */
export function timedSteps(value: RecoveryDurations | undefined, path: ErrorPath): readonly TimedStep[] {
  return Object.freeze(stepsIn(value, path).map((step) => Object.freeze(step)));
}

function stepsIn(value: RecoveryDurations | undefined, path: ErrorPath): TimedStep[] {
  if (value === undefined) return [];
  const durations = readDurations(value, path);
  if (Array.isArray(durations)) {
    return (durations as readonly Phase[]).map((phase) => ({ step: 'other', phase }));
  }
  if ('laplace' in durations) return [{ step: 'other', phase: durations }];
  return RECOVERY_STEPS.flatMap((step) => {
    const phase = (durations as RecoverySteps)[step];
    return phase === undefined ? [] : [{ step, phase }];
  });
}

/**
 * Reads the durations of a restart once.
 *
 * @returns durations of the same form with checked phases
 * @throws CorralError `invalid-option` with a path from `path` on
 */
export function readDurations(value: RecoveryDurations, path: ErrorPath): RecoveryDurations {
  if (callForeign(() => Array.isArray(value), path)) {
    const phases = readList(value as readonly Phase[], path, 'invalid-option', PHASES_MAX);
    return phases.map((phase, i) => checkPhase(phase, ...path, i));
  }
  if (callForeign(() => typeof (value as Partial<Phase> | null)?.laplace === 'function', path)) {
    return checkPhase(value, ...path);
  }
  return readSteps(value as RecoverySteps, path);
}

/**
 * Reads a recovery path once. Anything else is refused, also a phase in place of the steps.
 *
 * @returns a copy with checked phases
 * @throws CorralError `invalid-option`
 */
export function readRecoveryPath(value: RecoveryPath, ...path: ErrorPath): RecoveryPath {
  const { hidden, exposed } = readFields(value, ['hidden', 'exposed'], path);
  return {
    hidden: readSteps(hidden, [...path, 'hidden']),
    exposed: readSteps(exposed, [...path, 'exposed']),
  };
}

function readSteps(value: RecoverySteps, path: ErrorPath): RecoverySteps {
  const entries = Object.entries(readFields(value, RECOVERY_STEPS, path));
  return Object.fromEntries(entries.map(([step, phase]) => [step, checkPhase(phase, ...path, step)]));
}
