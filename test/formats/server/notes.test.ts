import { describe, expect, it } from 'vitest';
import { fromAmdSmiTopology } from '../../../src/formats/index.js';
import { partitionNotes } from '../../../src/formats/server/notes.js';

describe('partitionNotes', () => {
  it('names GPUs that are functions of one device', () => {
    const text = [
      'LINK TYPE TABLE:',
      '0000:0c:00.0 0000:0c:00.1 0000:22:00.0',
      '0000:0c:00.0 X XGMI XGMI',
      '0000:0c:00.1 XGMI X XGMI',
      '0000:22:00.0 XGMI XGMI X',
    ].join('\n');
    expect(fromAmdSmiTopology(text).notes!.join()).toContain('count as one GPU each: GPU0 GPU1. They share');
    expect(
      partitionNotes([
        { id: 'a', address: '0000:0c:00.0' },
        { id: 'b', address: '0000:22:00.0' },
      ]),
    ).toEqual([]);
  });
});
