import { describe, expect, it } from 'vitest';
import {
  defaultRecovery,
  requeueSeconds,
  warmStandbySeconds,
} from '../../../src/restart/model/default-recovery.js';
import { ettr } from '../../../src/restart/model/ettr.js';
import type { RecoveryPath } from '../../../src/restart/model/recovery.js';
import { restartModel } from '../../../src/restart/model/restart-model.js';
import { type RestartStrategyName, restartStrategy } from '../../../src/restart/model/strategies.js';

const whole = defaultRecovery({ servers: 2048, loadSeconds: 39 });
const steps = (path: RecoveryPath): string =>
  [...Object.keys(path.hidden), ...Object.keys(path.exposed)].join(' ');

describe('restartStrategy', () => {
  it('drops and swaps these steps and no others', () => {
    const kept = Object.fromEntries(
      Object.entries(restartStrategy).map(([name, strategy]) => [name, steps(strategy(whole, 2048))]),
    );
    expect(kept).toEqual({
      requeue: 'detect reschedule',
      reschedule: 'detect drain reschedule launch rendezvous load warmUp',
      warmStandby: 'detect reschedule',
      inJob: 'detect drain launch rendezvous load warmUp',
      inProcess: 'detect drain rendezvous load warmUp',
      inPlace: 'detect launch rendezvous load warmUp',
    });
    for (const name of ['inJob', 'inProcess', 'inPlace', 'reschedule'] as const) {
      const path = restartStrategy[name](whole, 2048);
      for (const step of ['detect', 'rendezvous', 'load', 'warmUp'] as const) {
        expect(path.hidden[step] ?? path.exposed[step]).toBe(whole.hidden[step] ?? whole.exposed[step]);
      }
    }
  });

  it('puts the measured whole restart where it stands for all steps', () => {
    expect(restartStrategy.requeue(whole, 512).hidden.reschedule!.mean).toBe(requeueSeconds(512));
    expect(restartStrategy.warmStandby(whole, 512).hidden.reschedule!.mean).toBe(warmStandbySeconds(512));
    expect(steps(restartStrategy.requeue({ hidden: {}, exposed: {} }, 512))).toBe('reschedule');
  });

  it('stops workers in 15 s within the job, and in 5 s within the process', () => {
    const drain = (name: RestartStrategyName): number => restartStrategy[name](whole, 8).hidden.drain!.mean;
    expect([drain('reschedule'), drain('inJob'), drain('inProcess')]).toEqual([30, 15, 5]);
  });

  it('is the faster the less it takes apart', () => {
    const order: RestartStrategyName[] = ['requeue', 'reschedule', 'inJob', 'inProcess'];
    const values = order.map((name) =>
      ettr(
        restartModel({
          failuresPerSecond: 1e-4,
          computeSeconds: 600,
          stallSeconds: 1,
          ...restartStrategy[name](whole, 2048),
        }),
      ),
    );
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });
});
