import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromSwf, type SwfJob, type SwfLog, toSwf } from '../../../src/formats/index.js';

const job = (fields: Partial<SwfJob> = {}): SwfJob => ({ jobNumber: 1, ...fields });
const log = (jobs: readonly SwfJob[], header: SwfLog['header'] = []): SwfLog => ({ header, jobs });
const thrown = (code: string, path: readonly (string | number)[]): unknown =>
  expect.objectContaining({ name: 'CorralError', code, path });

const integer = (max: number): fc.Arbitrary<number | undefined> =>
  fc.oneof(fc.constant(undefined), fc.nat(9), fc.integer({ min: 0, max }));
/** Numbers of at most nine digits after the point, as a file may have them. */
const decimal = fc.oneof(
  fc.constant(undefined),
  fc.nat(1_000_000),
  fc.tuple(fc.nat(1e9), fc.nat(999_999_999)).map(([whole, billionths]) => {
    return Number(`${whole}.${String(billionths).padStart(9, '0')}`);
  }),
  fc.nat(999).map((billionths) => billionths / 1e9),
);
const anyJob: fc.Arbitrary<SwfJob> = fc
  .record({
    jobNumber: fc.nat(),
    submitSeconds: decimal,
    waitSeconds: decimal,
    runSeconds: decimal,
    processorsAllocated: integer(0x7fff_ffff),
    cpuSeconds: decimal,
    memoryKiB: decimal,
    processorsRequested: integer(0x7fff_ffff),
    requestedSeconds: decimal,
    requestedMemoryKiB: fc.oneof(decimal, fc.maxSafeNat()),
    status: fc.constantFrom(undefined, 0, 1, 2, 3, 4, 5),
    user: integer(1e9),
    group: integer(1e9),
    executable: integer(1e9),
    queue: integer(1e9),
    partition: integer(1e9),
    precedingJob: integer(1e9),
    thinkSeconds: decimal,
    extra: fc.option(fc.array(fc.stringMatching(/^[!-~é]{1,9}$/), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
    }),
  })
  .map((fields) => fields as SwfJob);
const headerField = fc.record({
  name: fc.stringMatching(/^[A-Za-z]\w{0,20}$/),
  value: fc.string({ maxLength: 30 }).map((value) => value.trim()),
});

describe('toSwf', () => {
  it('writes header lines and one line of eighteen numbers per job', () => {
    const text = toSwf(
      log(
        [
          job({ submitSeconds: 0, runSeconds: 552.21, processorsRequested: 8, status: 1 }),
          job({ jobNumber: 2, thinkSeconds: 5, extra: ['{7}', 'q'] }),
        ],
        [
          { name: 'Version', value: '2.2' },
          { value: 'free text' },
          { value: '' },
          { name: 'Note', value: '' },
        ],
      ),
    );
    expect(text).toBe(
      [
        '; Version: 2.2',
        '; free text',
        ';',
        '; Note:',
        '1 0 -1 552.21 -1 -1 -1 8 -1 -1 1 -1 -1 -1 -1 -1 -1 -1',
        '2 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 5 {7} q',
        '',
      ].join('\n'),
    );
  });

  it.each<[number, string]>([
    [0, '0'],
    [-0, '0'],
    [10, '10'],
    [1e-7, '0.0000001'],
    [1.5e-7, '0.00000015'],
    [1e-10, '0'],
    [0.1 + 0.2, '0.3'],
    [99.9999999999, '100'],
    [100.0000000001, '100'],
    [1e12, '1000000000000'],
    [123_456_789_012.5, '123456789012.5'],
  ])('writes %d s as %s', (seconds, text) => {
    expect(toSwf(log([job({ submitSeconds: seconds })])).split(' ')[1]).toBe(text);
  });

  it('is read back as what it was', () => {
    fc.assert(
      fc.property(
        fc.array(anyJob, { minLength: 1, maxLength: 8 }),
        fc.array(headerField, { maxLength: 4 }),
        (jobs, header) => {
          const once = fromSwf(toSwf({ header, jobs }), { extraColumns: 'keep' });
          expect(once).toEqual({ header, jobs });
          expect(toSwf(once)).toBe(toSwf({ header, jobs }));
        },
      ),
      { seed: 20_240_207, numRuns: 2000 },
    );
  });

  it('takes a log that went through JSON', () => {
    const jobs = fromSwf(toSwf(log([job({ waitSeconds: 3 })]))).jobs;
    expect(toSwf(log(JSON.parse(JSON.stringify(jobs))))).toBe(toSwf(log(jobs)));
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['nothing', undefined, ['jobs']],
    ['a log without jobs', { header: [] }, ['jobs']],
    ['no job', log([]), ['jobs']],
    ['no header', { jobs: [job()] }, ['header']],
    ['a job that is none', log([null as unknown as SwfJob]), ['jobs', 0]],
    ['a job without a number', log([job(), {} as SwfJob]), ['jobs', 1, 'jobNumber']],
    ['-1 for what is not known', log([job({ waitSeconds: -1 })]), ['jobs', 0, 'waitSeconds']],
    ['null', log([job({ user: null as unknown as number })]), ['jobs', 0, 'user']],
    ['no number', log([job({ runSeconds: Number.NaN })]), ['jobs', 0, 'runSeconds']],
    ['infinity', log([job({ runSeconds: Number.POSITIVE_INFINITY })]), ['jobs', 0, 'runSeconds']],
    ['a text', log([job({ runSeconds: '5' as unknown as number })]), ['jobs', 0, 'runSeconds']],
    ['half a processor', log([job({ processorsAllocated: 0.5 })]), ['jobs', 0, 'processorsAllocated']],
    ['an unknown status', log([job({ status: 6 as unknown as 5 })]), ['jobs', 0, 'status']],
    [
      'extra columns that are no list',
      log([job({ extra: 'q' as unknown as string[] })]),
      ['jobs', 0, 'extra'],
    ],
    ['too many extra columns', log([job({ extra: Array(65).fill('x') })]), ['jobs', 0, 'extra']],
    ['an extra column with a blank', log([job({ extra: ['a', 'b c'] })]), ['jobs', 0, 'extra', 1]],
    ['an empty extra column', log([job({ extra: [''] })]), ['jobs', 0, 'extra', 0]],
    ['a header field that is none', log([job()], [null as never]), ['header', 0]],
    ['a header name of two words', log([job()], [{ name: 'two words', value: '' }]), ['header', 0]],
    ['a header value of two lines', log([job()], [{ name: 'Note', value: 'a\nb' }]), ['header', 0]],
    ['a header value with a blank at the end', log([job()], [{ name: 'Note', value: 'a ' }]), ['header', 0]],
    ['a header name with a blank ahead', log([job()], [{ name: ' Note', value: 'a' }]), ['header', 0]],
    [
      'a header value longer than a line',
      log([job()], [{ name: 'Note', value: 'a'.repeat(2 ** 20) }]),
      ['header', 0],
    ],
    ['free text that reads as a field', log([job()], [{ value: 'Note: a' }]), ['header', 0]],
  ])('refuses %s', (_, wrong, path) => {
    expect(() => toSwf(wrong as SwfLog)).toThrow(thrown('invalid-document', path));
  });

  it('refuses a line longer than it could read back', () => {
    const extra = ['x'.repeat(2 ** 20)];
    expect(() => toSwf(log([job({ extra })]))).toThrow(thrown('limit-exceeded', ['jobs', 0]));
  });

  it('takes whatever fromSwf read, up to the longest line', () => {
    const numbers = '1 0 5 60 4 -1 1e15 4 90 1e15 1 1 1 -1 -1 -1 -1 1e12';
    const longest = 2 ** 20 - 1024;
    const texts = [
      `;Name:${'x'.repeat(2 ** 20 - 6)}`,
      `;Name:${'x'.repeat(2 ** 20 - 9)}`,
      `${numbers} ${'x'.repeat(longest - 1)}`,
      `${numbers} ${'x'.repeat(longest)}`,
      `${numbers} ${'é '.repeat(63)}${'x'.repeat(longest - 127)}`,
    ];
    const taken = texts.map((text) => {
      try {
        const read = fromSwf(`${text}\n${numbers}\n`, { extraColumns: 'keep' });
        expect(fromSwf(toSwf(read), { extraColumns: 'keep' })).toEqual(read);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'limit-exceeded' });
        return false;
      }
    });
    expect(taken).toEqual([false, true, true, false, true]);
  });

  it('reads every field once', () => {
    let asked = 0;
    const fickle = {
      jobNumber: 1,
      get runSeconds() {
        return asked++ === 0 ? 5 : Number.NaN;
      },
    };
    expect(toSwf(log([fickle]))).toBe(`1 -1 -1 5${' -1'.repeat(14)}\n`);
    expect(asked).toBe(1);
  });

  it('refuses holes, fields that it does not know, and what is not plain', () => {
    const holed: SwfJob[] = [job()];
    holed.length = 3;
    const misspelt = { ...job(), runSecond: 5 } as SwfJob;
    expect(() => toSwf(log(holed))).toThrow(thrown('invalid-document', ['jobs', 1]));
    expect(() => toSwf(log([misspelt]))).toThrow(thrown('invalid-document', ['jobs', 0, 'runSecond']));
    expect(() => toSwf(log([new Map() as never]))).toThrow(thrown('invalid-document', ['jobs', 0]));
    expect(() => toSwf(log([job()], [null as never]))).toThrow(thrown('invalid-document', ['header', 0]));
  });
});
