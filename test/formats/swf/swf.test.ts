import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromSwf, type SwfJob, type SwfOptions, swfJobs, toSwf } from '../../../src/formats/index.js';
import { CorralError } from '../../../src/index.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

// Written for these tests.
const LOG = [
  '; Version: 2.2',
  ';Computer: none such',
  '; Information: http://example.org/log.html',
  '; EndTime:   Mon Jan 16 20:31:24 CET 2006',
  '; Queue:  1 [fast:1] ',
  '; Queue:  2 [slow:2]',
  '; read more at http://example.org',
  ';',
  '    1     0   12  600   4  552.21  2048   8   900  4096  1   3   1   7  1  1 -1 -1',
  '    2\t10 -1 -1 -1 -1.00 -1 16 3600 -1 5 3 -1 -1 0 -1 1 30.5',
  '; a comment below the header',
  '',
  '3 20 0 0 1 -1 -1 -1 -1 -1 0 -1 -1 -1 -1 -1 -1 -1',
  '',
].join('\n');
const line = (changes: Record<number, string> = {}): string =>
  Array.from({ length: 18 }, (_, i) => changes[i + 1] ?? (i === 0 ? '1' : '-1')).join(' ');
const thrown = (code: string, path: readonly (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code, path });

/** What `ask` returns; undefined where it throws a CorralError. Any other error passes. */
function answer<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof CorralError) return undefined;
    throw error;
  }
}

describe('fromSwf', () => {
  it('reads the eighteen fields, -1 as absent', () => {
    const { jobs } = fromSwf(LOG);
    expect(jobs).toEqual([
      {
        jobNumber: 1,
        submitSeconds: 0,
        waitSeconds: 12,
        runSeconds: 600,
        processorsAllocated: 4,
        cpuSeconds: 552.21,
        memoryKiB: 2048,
        processorsRequested: 8,
        requestedSeconds: 900,
        requestedMemoryKiB: 4096,
        status: 1,
        user: 3,
        group: 1,
        executable: 7,
        queue: 1,
        partition: 1,
      },
      {
        jobNumber: 2,
        submitSeconds: 10,
        processorsRequested: 16,
        requestedSeconds: 3600,
        status: 5,
        user: 3,
        queue: 0,
        precedingJob: 1,
        thinkSeconds: 30.5,
      },
      { jobNumber: 3, submitSeconds: 20, waitSeconds: 0, runSeconds: 0, processorsAllocated: 1, status: 0 },
    ]);
    expect(JSON.parse(JSON.stringify(jobs))).toEqual(jobs);
  });

  it('puts field k where the standard has it', () => {
    const [job] = fromSwf(Array.from({ length: 18 }, (_, i) => (i === 10 ? 5 : 100 + i)).join(' ')).jobs;
    expect(Object.values(job!)).toEqual(Array.from({ length: 18 }, (_, i) => (i === 10 ? 5 : 100 + i)));
    expect(Object.keys(job!)).toEqual([
      'jobNumber',
      'submitSeconds',
      'waitSeconds',
      'runSeconds',
      'processorsAllocated',
      'cpuSeconds',
      'memoryKiB',
      'processorsRequested',
      'requestedSeconds',
      'requestedMemoryKiB',
      'status',
      'user',
      'group',
      'executable',
      'queue',
      'partition',
      'precedingJob',
      'thinkSeconds',
    ]);
  });

  it('keeps the comments ahead of the jobs in order, repeated names and free text too', () => {
    expect(fromSwf(LOG).header).toEqual([
      { name: 'Version', value: '2.2' },
      { name: 'Computer', value: 'none such' },
      { name: 'Information', value: 'http://example.org/log.html' },
      { name: 'EndTime', value: 'Mon Jan 16 20:31:24 CET 2006' },
      { name: 'Queue', value: '1 [fast:1]' },
      { name: 'Queue', value: '2 [slow:2]' },
      { value: 'read more at http://example.org' },
      { value: '' },
    ]);
    expect(fromSwf(`; http://x\n; __proto__: 1\n; a:b\n; Note:\n${line()}`).header).toEqual([
      { value: 'http://x' },
      { value: '__proto__: 1' },
      { name: 'a', value: 'b' },
      { name: 'Note', value: '' },
    ]);
  });

  it('takes CRLF, a byte order mark, tabs, a missing last line end and blank lines', () => {
    const expected = fromSwf(LOG);
    expect(fromSwf(`\uFEFF${LOG.replaceAll('\n', '\r\n')}`)).toEqual(expected);
    expect(fromSwf(LOG.trimEnd())).toEqual(expected);
    expect(fromSwf(`\n\n${LOG}\n \t\n`)).toEqual(expected);
    expect(fromSwf(LOG.replaceAll(/ -1(?=\s)/g, '\t-1 '))).toEqual(expected);
  });

  it('keeps extra columns only when told to', () => {
    const text = `${line()} {7,7} q_1d 1:ppn=64#excl`;
    expect(fromSwf(text, { extraColumns: 'keep' }).jobs[0]!.extra).toEqual([
      '{7,7}',
      'q_1d',
      '1:ppn=64#excl',
    ]);
    expect(fromSwf(line(), { extraColumns: 'keep' }).jobs[0]).not.toHaveProperty('extra');
    expect(() => fromSwf(text)).toThrow(thrown('invalid-format', ['line', 1]));
    expect(() => fromSwf(text, { extraColumns: 'refuse' })).toThrow(/expected 18 fields, got 21/);
    expect(() => fromSwf(`${line()}${' x'.repeat(64)}`, { extraColumns: 'keep' })).not.toThrow();
    expect(() => fromSwf(`${line()}${' x'.repeat(65)}`, { extraColumns: 'keep' })).toThrow(
      thrown('limit-exceeded', ['line', 1]),
    );
    expect(() => fromSwf(`${line()} a \0`, { extraColumns: 'keep' })).toThrow(
      thrown('invalid-format', ['line', 1, 'extra', 1]),
    );
  });

  it.each<[string, string, (string | number)[]]>([
    ['an empty text', '', ['line', 1]],
    ['comments and nothing else', '; Version: 2.2\n', ['line', 2]],
    ['a line cut off', `${line()}\n${line().slice(0, -3)}`, ['line', 2]],
    ['a number cut off', line().slice(0, -1), ['line', 1, 'thinkSeconds']],
    ['two lines run together', `${line()} ${line()}`, ['line', 1]],
    ['an unknown job number', line({ 1: '-1' }), ['line', 1, 'jobNumber']],
    ['a negative time', line({ 4: '-2' }), ['line', 1, 'runSeconds']],
    ['minus one and a bit', line({ 4: '-1.5' }), ['line', 1, 'runSeconds']],
    ['a little below zero', line({ 3: '-0.5' }), ['line', 1, 'waitSeconds']],
    ['half a processor', line({ 5: '1.5' }), ['line', 1, 'processorsAllocated']],
    ['a fraction where there is none', line({ 12: '3.5' }), ['line', 1, 'user']],
    ['more processors than a counter holds', line({ 8: '2147483648' }), ['line', 1, 'processorsRequested']],
    ['a time beyond the limit', line({ 2: '1000000000000.1' }), ['line', 1, 'submitSeconds']],
    ['a number of 400 digits', line({ 2: '9'.repeat(400) }), ['line', 1, 'submitSeconds']],
    ['an integer that a double cannot hold', line({ 13: '9007199254740993' }), ['line', 1, 'group']],
    ['a blank between sign and digits', line({ 6: '- 1' }), ['line', 1]],
    ['an exponent without digits', line({ 9: '1e' }), ['line', 1, 'requestedSeconds']],
    ['a time of e+300', line({ 9: '1e300' }), ['line', 1, 'requestedSeconds']],
    ['a hexadecimal number', line({ 17: '0x1' }), ['line', 1, 'precedingJob']],
    ['no number', line({ 7: 'NaN' }), ['line', 1, 'memoryKiB']],
    ['infinity', line({ 10: 'Infinity' }), ['line', 1, 'requestedMemoryKiB']],
    ['minus one and a bit where there is no fraction', line({ 12: '-1.5' }), ['line', 1, 'user']],
    ['an unknown status', line({ 11: '6' }), ['line', 1, 'status']],
    ['a name of a prototype member', line({ 14: '__proto__' }), ['line', 1, 'executable']],
    ['a digit of another script', line({ 15: '٣' }), ['line', 1, 'queue']],
    ['a NUL in a number', line({ 16: '1\0' }), ['line', 1, 'partition']],
    ['a NUL in a comment', `; Note: a\0b\n${line()}`, ['line', 1]],
    ['a NUL in a comment below the header', `${line()}\n; a\0b`, ['line', 2]],
    [
      'a byte order mark that is not the first character',
      `${line()}\n\uFEFF${line()}`,
      ['line', 2, 'jobNumber'],
    ],
    ['lines that end in CR alone', `${line()}\r${line()}`, ['line', 1]],
    ['commas', line().replaceAll(' ', ','), ['line', 1]],
  ])('refuses %s', (_, text, path) => {
    expect(() => fromSwf(text)).toThrow(thrown('invalid-format', path));
  });

  it('reads numbers as Python and Go print them, also -1 for what is not known', () => {
    const read = (cells: Record<number, string>): SwfJob => fromSwf(line(cells)).jobs[0]!;
    expect(read({ 4: '4031.0000000000005', 6: '0.0000000001', 9: '6e+01' })).toMatchObject({
      runSeconds: 4031.0000000000005,
      cpuSeconds: 1e-10,
      requestedSeconds: 60,
    });
    expect(read({ 1: '+3', 2: '1e6', 3: '-0.0', 5: '4.0', 12: '3.', 8: '1e1' })).toMatchObject({
      jobNumber: 3,
      submitSeconds: 1_000_000,
      waitSeconds: 0,
      processorsAllocated: 4,
      user: 3,
      processorsRequested: 10,
    });
    expect(Object.is(read({ 3: '-0.0' }).waitSeconds, 0)).toBe(true);
    for (const minusOne of ['-1', '-1.0', '-1.', '-1e0', '-1.000000000000']) {
      expect(read({ 4: minusOne, 12: minusOne })).toMatchObject({ runSeconds: undefined, user: undefined });
    }
    expect(() => read({ 1: '-1.0' })).toThrow(thrown('invalid-format', ['line', 1, 'jobNumber']));
  });

  it('reads header fields with no blank after the colon, and no address as one', () => {
    const { header } = fromSwf(
      `;MaxProcs:8\n; MaxNodes:4 \n;UnixStartTime:\t0\n; see:http://x\n; http://x\n${line()}`,
    );
    expect(header).toEqual([
      { name: 'MaxProcs', value: '8' },
      { name: 'MaxNodes', value: '4' },
      { name: 'UnixStartTime', value: '0' },
      { name: 'see', value: 'http://x' },
      { value: 'http://x' },
    ]);
  });

  describe('onBadLine', () => {
    const bad = `${line()}\n1 2 3\n${line({ 1: '2' })}\n; late\n\n${line({ 4: 'x' })}\n`;

    it('refuses the log by default, and skips and lists the lines where told to', () => {
      expect(() => fromSwf(bad)).toThrow(thrown('invalid-format', ['line', 2]));
      expect(() => fromSwf(bad, { onBadLine: 'refuse' })).toThrow(thrown('invalid-format', ['line', 2]));
      const { jobs, skipped } = fromSwf(bad, { onBadLine: 'skip' });
      expect(jobs.map(({ jobNumber }) => jobNumber)).toEqual([1, 2]);
      expect(skipped).toEqual([
        { line: 2, problem: 'line[2]: expected 18 fields, got 3: the line may be cut off' },
        { line: 6, problem: expect.stringContaining('got "x"') },
      ]);
    });

    it('lists nothing where all lines are good, and has no list where it was not asked for', () => {
      expect(fromSwf(line(), { onBadLine: 'skip' }).skipped).toEqual([]);
      expect(fromSwf(line())).not.toHaveProperty('skipped');
    });

    it('skips a line that is too long', () => {
      const long = `${line()}${' '.repeat(2 ** 20)}`;
      expect(fromSwf(`${long}\n${line()}`, { onBadLine: 'skip' }).skipped).toMatchObject([{ line: 1 }]);
    });

    it('refuses a log without a good line, and one with more than 65,536 bad ones', () => {
      expect(() => fromSwf('1 2\n3 4', { onBadLine: 'skip' })).toThrow(
        /no job in the file: all were skipped/,
      );
      const most = `${line()}\n${'x\n'.repeat(65_536)}`;
      expect(fromSwf(most, { onBadLine: 'skip' }).skipped).toHaveLength(65_536);
      expect(() => fromSwf(`${most}x\n`, { onBadLine: 'skip' })).toThrow(thrown('limit-exceeded', []));
    });

    it('refuses other values', () => {
      expect(() => fromSwf(line(), { onBadLine: 'ignore' } as unknown as SwfOptions)).toThrow(
        thrown('invalid-option', ['onBadLine']),
      );
    });
  });

  it('says which field it was, what was expected and what is there', () => {
    expect(() => fromSwf(line({ 5: '4.5' }))).toThrow(
      'line[1].processorsAllocated: expected an integer from 0 to 2147483647, or -1 in field 5, got "4.5"',
    );
  });

  it('refuses what is no text, and options it does not know', () => {
    expect(() => fromSwf(undefined as unknown as string)).toThrow(thrown('invalid-format', []));
    expect(() => fromSwf(['x'] as unknown as string)).toThrow(thrown('invalid-format', []));
    expect(() => fromSwf(LOG, { extra: 'keep' } as SwfOptions)).toThrow(thrown('invalid-option', ['extra']));
    expect(() => fromSwf(LOG, null as unknown as SwfOptions)).toThrow(thrown('invalid-option', ['options']));
    expect(() => fromSwf(LOG, { extraColumns: 'drop' } as unknown as SwfOptions)).toThrow(
      thrown('invalid-option', ['extraColumns']),
    );
  });

  it('keeps to its limits on long lines and many comments', () => {
    expect(() => fromSwf(`${line()}${' '.repeat(2 ** 20)}`)).toThrow(thrown('limit-exceeded', ['line', 1]));
    expect(() => fromSwf(`1${' '.repeat(2 ** 20 - 2)}1`)).toThrow(thrown('invalid-format', ['line', 1]));
    expect(fromSwf(`${';\n'.repeat(65_536)}${line()}`).header).toHaveLength(65_536);
    expect(() => fromSwf(`${';\n'.repeat(65_537)}${line()}`)).toThrow(
      thrown('limit-exceeded', ['line', 65_537]),
    );
  });

  it.each<[string, fc.Arbitrary<string>, number]>([
    ['mutated', mutatedText([LOG, toSwf(fromSwf(LOG)), `${line()} {7,7} q_1d`]), 10_000],
    ['truncated', truncatedText([LOG, LOG.replaceAll('\n', '\r\n')]), 2_000],
  ])('throws nothing but CorralError for %s text, and what it takes it can write', (_, texts, numRuns) => {
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(texts, fc.constantFrom('refuse', 'keep'), (text, extraColumns) => {
        const log = answer(() => fromSwf(text, { extraColumns }));
        if (log === undefined) {
          refused++;
          return;
        }
        taken++;
        expect(fromSwf(toSwf(log), { extraColumns })).toEqual(log);
        answer(() => swfJobs(log));
      }),
      { seed: 20_240_207, numRuns },
    );
    expect(refused).toBeGreaterThan(numRuns / 10);
    expect(taken).toBeGreaterThan(numRuns / 20);
  });
});
