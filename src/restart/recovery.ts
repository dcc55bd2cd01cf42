import { CorralError, quote } from '../errors.js';
import { checkPhase, type Phase } from './phase.js';
import { checkFields, listOf } from './quantity.js';

/**
 * The parts of a restart in the order in which they run. `launch` covers image pull and start of processes,
 * `other` a phase that has no name.
 */
export const RECOVERY_STEPS = [
  'detect',
  'drain',
  'reschedule',
  'launch',
  'rendezvous',
  'load',
  'warmUp',
  'other',
] as const;
/** One part of a restart. */
export type RecoveryStep = (typeof RECOVERY_STEPS)[number];

/** Durations by step; a step left out takes no time. They run in the order of {@link RECOVERY_STEPS}. */
export type RecoverySteps = { readonly [Step in RecoveryStep]?: Phase | undefined };

/**
 * What happens between a failure and the next useful step.
 *
 * Hidden steps cannot themselves be interrupted: no worker is running that could fail. In exposed steps the gang
 * is up, and another failure starts the restart again.
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

/** Durations of a restart: by step, or one or more phases without a name, one after another. */
export type RecoveryDurations = RecoverySteps | Phase | readonly Phase[];

/** Phases without a name become steps `other`; named steps come in the order in which they run. */
export function timedSteps(value: RecoveryDurations | undefined, path: readonly string[]): TimedStep[] {
  if (value === undefined) return [];
  if (typeof (value as Partial<Phase> | null)?.laplace === 'function') {
    return [{ step: 'other', phase: checkPhase(value, ...path) }];
  }
  if (Array.isArray(value)) {
    return listOf(value as readonly Phase[], 'phases', Number.POSITIVE_INFINITY, ...path).map((phase, i) => ({
      step: 'other',
      phase: checkPhase(phase, ...path, i),
    }));
  }
  if (typeof value !== 'object' || value === null) {
    throw new CorralError('invalid-option', path, `expected a phase, or phases by step, got ${quote(value)}`);
  }
  for (const step of Object.keys(value)) {
    if (!(RECOVERY_STEPS as readonly string[]).includes(step)) {
      throw new CorralError(
        'invalid-option',
        [...path, step],
        `no such step: there are ${RECOVERY_STEPS.join(', ')}`,
      );
    }
  }
  const steps = value as RecoverySteps;
  return RECOVERY_STEPS.filter((step) => steps[step] !== undefined).map((step) => ({
    step,
    phase: checkPhase(steps[step], ...path, step),
  }));
}

/**
 * Refuses what is no recovery path; a phase in place of its steps, which has no such fields, among it.
 *
 * @throws CorralError `invalid-option`
 */
export function checkRecoveryPath(value: RecoveryPath, ...path: string[]): void {
  checkFields(value, ['hidden', 'exposed'], path);
  for (const part of ['hidden', 'exposed'] as const) {
    checkFields(value[part], RECOVERY_STEPS, [...path, part]);
    for (const step of RECOVERY_STEPS) {
      const phase = value[part][step];
      if (phase !== undefined) checkPhase(phase, ...path, part, step);
    }
  }
}
