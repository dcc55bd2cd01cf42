import { describe, expect, it } from 'vitest';
import { fromAmdSmiTopology, fromNvidiaSmiTopo, fromRocmSmiTopo } from '../../../src/formats/index.js';
import { caught } from '../../catalogue/caught.js';

/** A matrix of GPUs joined by one word. */
const matrix = (headings: readonly string[], word: string): string =>
  [
    headings.join(' '),
    ...headings.map((a) => [a, ...headings.map((b) => (a === b ? 'X' : word))].join(' ')),
  ].join('\n');

describe('refuseTooManyGpus', () => {
  it('says the same in all readers of 64 partitions: describe a tier, or write it without partitions', () => {
    const labels = Array.from({ length: 64 }, (_, i) => `GPU${i}`);
    const addresses = labels.map((_, i) => `0000:${(16 + (i >> 3)).toString(16)}:00.${i & 7}`);
    for (const read of [
      () => fromRocmSmiTopo(`=== Link Type between two GPUs ===\n${matrix(labels, 'XGMI')}`),
      () => fromAmdSmiTopology(`LINK TYPE TABLE:\n${matrix(addresses, 'XGMI')}`),
      () => fromNvidiaSmiTopo(matrix(labels, 'SYS')),
    ]) {
      const error = caught(read);
      expect(error.code).toBe('limit-exceeded');
      expect(error.message).toMatch(/64 GPUs, at most 16 in one server: .*without partitions \(SPX\)/);
    }
  });
});
