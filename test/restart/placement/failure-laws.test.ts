import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failureDomains } from '../../../src/restart/placement/failure-domains.js';
import {
  FAILURES_PER_1000_SERVER_DAYS,
  llama3FailureLaws,
  perServerSecond,
} from '../../../src/restart/placement/failure-laws.js';
import { describeWithShared } from '../../shared-data.js';
import { refused } from '../refusals.js';
import { gangOn, smallCluster } from '../small-cluster.js';

const DAY = 86_400;

describe('llama3FailureLaws', () => {
  it('sum to 419 interruptions in 54 days on 2,048 servers, whatever a network fault stops', () => {
    const cluster = smallCluster({ blocks: 16, racks: 16, servers: 8 });
    const everywhere = gangOn(...cluster.servers.map((s) => s.id));
    for (const laws of [llama3FailureLaws(), llama3FailureLaws({ switchTier: 'rack' })]) {
      const perSecond = failureDomains(everywhere, cluster, laws).reduce(
        (sum, d) => sum + d.failuresPerSecond,
        0,
      );
      expect(perSecond * 54 * DAY).toBeCloseTo(419, 6);
    }
  });

  it('put 64.0 % on GPUs', () => {
    const [gpu] = llama3FailureLaws();
    expect((gpu!.failuresPerSecond * 16_384 * 54 * DAY) / 419).toBeCloseTo(0.64, 3);
  });

  it('refuse unknown options', () => {
    expect(() => llama3FailureLaws({ tier: 'rack' } as never)).toThrow(refused('tier'));
  });
});

describe('failure rates', () => {
  it('turn 6.5 per 1,000 server-days into 1.8 hours for 16,384 GPUs', () => {
    expect(1 / (2048 * perServerSecond(FAILURES_PER_1000_SERVER_DAYS['rsc-1'])) / 3600).toBeCloseTo(1.803, 3);
    expect(FAILURES_PER_1000_SERVER_DAYS['llama-3']).toBeCloseTo(3.79, 2);
    expect(() => perServerSecond(-1)).toThrow(refused('failuresPer1000ServerDays'));
  });
});

describeWithShared('restart/llama3_interruptions.json', 'the table of interruptions', (path) => {
  it('has the counts that the laws are made of', () => {
    const { rows, days, gpus } = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly days: number;
      readonly gpus: number;
      readonly rows: readonly {
        readonly category: string;
        readonly count: number;
        readonly blast_radius: string;
      }[];
    };
    const count = (test: (row: (typeof rows)[number]) => boolean): number =>
      rows.filter(test).reduce((sum, row) => sum + row.count, 0);
    const [gpu, host, network, job] = llama3FailureLaws().map(
      (law) => law.failuresPerSecond * days * DAY,
    ) as [number, number, number, number];
    expect(gpu * gpus).toBeCloseTo(
      count((row) => row.category === 'GPU'),
      6,
    );
    expect((host * gpus) / 8).toBeCloseTo(
      count((row) => row.category === 'Host' || row.category.includes('Maint')),
      6,
    );
    expect((network * gpus) / 8).toBeCloseTo(
      count((row) => row.blast_radius === 'switch-or-link'),
      6,
    );
    expect(job * gpus).toBeCloseTo(
      count((row) => row.blast_radius === 'job'),
      6,
    );
  });
});
