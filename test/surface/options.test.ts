import * as fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { superPod, topology } from '../../src/catalogue/index.js';
import { CorralError } from '../../src/index.js';
import { EXAMPLE_CALLS, functionOf } from './example-calls.js';
import { publicSurface } from './public-surface.js';
import { changedAt, exactFields, type FoundRecord, holdsRecords, recordsIn } from './records.js';

const surface = publicSurface();
const { checker, names } = surface;

/** `entry.name`, or `entry.name.member` for methods and for functions in a table → its signatures. */
function publicFunctions(): Map<string, readonly ts.Signature[]> {
  const found = new Map<string, readonly ts.Signature[]>();
  for (const { entry, name, symbol } of names) {
    const key = `${entry}.${name}`;
    const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0;
    // Of interfaces only the solver is called by users; the others are answers and arguments.
    if (!isValue && name !== 'Solver') continue;
    const type = isValue ? checker.getTypeOfSymbol(symbol) : checker.getDeclaredTypeOfSymbol(symbol);
    if (type.getCallSignatures().length > 0) found.set(key, type.getCallSignatures());
    else if (name === 'Solver' || name === 'phase') {
      for (const member of checker.getPropertiesOfType(type)) {
        const signatures = checker.getTypeOfSymbol(member).getCallSignatures();
        if (signatures.length > 0) found.set(`${key}.${member.name}`, signatures);
      }
    }
  }
  return found;
}

const functions = publicFunctions();
const parameterTypes = (signature: ts.Signature): ts.Type[] =>
  signature.getParameters().map((parameter) => checker.getTypeOfSymbol(parameter));

/** The records in the arguments of an example call. */
function recordsOf(key: string): FoundRecord[] {
  const types = parameterTypes(functions.get(key)![0]!);
  return EXAMPLE_CALLS[key]!.flatMap((argument, i) => recordsIn(surface, argument, types[i]!, [i]));
}

/** What a call comes to, as text: its answer, or what it refuses. */
function outcome(key: string, args: unknown): string {
  try {
    const answer = functionOf(key)(...(args as unknown[]));
    if (key.startsWith('corral/arbitraries.')) {
      return JSON.stringify(fc.sample(answer as fc.Arbitrary<unknown>, { seed: 1, numRuns: 3 }));
    }
    return (
      JSON.stringify(
        typeof answer === 'object' && answer !== null && Symbol.iterator in answer
          ? [...(answer as Iterable<unknown>)]
          : answer,
      ) ?? 'undefined'
    );
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe('every public function that takes options, documents or other records', () => {
  it('has an example call in the table, and the table has no others', () => {
    const needed = [...functions]
      .filter(([, signatures]) => parameterTypes(signatures[0]!).some((type) => holdsRecords(checker, type)))
      .map(([key]) => key);
    expect(Object.keys(EXAMPLE_CALLS).sort()).toEqual(needed.sort());
  });

  it.each(Object.keys(EXAMPLE_CALLS))(
    'refuses fields that it does not know, wherever they are: %s',
    (key) => {
      const records = recordsOf(key);
      expect(records.length).toBeGreaterThan(0);
      for (const { path, fields } of records) {
        const typo = fields.length === 0 ? 'seed' : `${fields.at(-1)}s`.replace(/ss$/, '');
        for (const [name, value] of [
          [typo, 1],
          ['noSuchField', undefined],
        ] as const) {
          const args = changedAt(EXAMPLE_CALLS[key], path, (record) => ({ ...record, [name]: value }));
          let refusal: unknown;
          try {
            const answer = functionOf(key)(...(args as unknown[]));
            if (typeof answer === 'object' && answer !== null && 'next' in answer)
              (answer as Generator).next();
          } catch (error) {
            refusal = error;
          }
          expect(refusal, `${key} accepts ${name} at ${path.join('.')}`).toBeInstanceOf(CorralError);
          const { code, path: at, message } = refusal as CorralError;
          expect(['invalid-option', 'invalid-document', 'invalid-request']).toContain(code);
          expect(at.at(-1)).toBe(name);
          expect(message).toContain('unknown field');
          if (name === typo && fields.length > 0) expect(message).toContain('did you mean');
        }
      }
    },
  );

  it('that is called often takes a topology, and tells who hands in a document what to call once', () => {
    const documents: Readonly<Record<string, unknown>> = {
      ServerTopology: topology('dgx2').document,
      ClusterTopology: superPod({ units: 1 }),
    };
    const asked: string[] = [];
    for (const [key, signatures] of functions) {
      parameterTypes(signatures[0]!).forEach((type, i) => {
        const document = documents[type.symbol?.name ?? ''];
        if (document === undefined) return;
        asked.push(key);
        // What else the call takes does not matter: the topology is looked at first.
        const args = EXAMPLE_CALLS[key] ?? [undefined, [], []];
        const call = (): unknown => functionOf(key)(...args.map((one, at) => (at === i ? document : one)));
        expect(call, key).toThrow(
          expect.objectContaining({
            code: 'invalid-option',
            message: expect.stringContaining('(document) once'),
          }),
        );
      });
    }
    expect(asked.length).toBeGreaterThan(15);
  });

  it('declares undefined with every field that may be left out', () => {
    const exact = [...functions].flatMap(([key, signatures]) =>
      parameterTypes(signatures[0]!).flatMap((type) =>
        exactFields(checker, type).map((field) => `${key}: ${field}`),
      ),
    );
    expect(exact).toEqual([]);
  });

  it.each(Object.keys(EXAMPLE_CALLS))('takes undefined in an optional field for absence: %s', (key) => {
    for (const { path, optional } of recordsOf(key)) {
      for (const name of optional) {
        const without = changedAt(EXAMPLE_CALLS[key], path, (record) => {
          const { [name]: _, ...rest } = record;
          return rest;
        });
        const withUndefined = changedAt(without, path, (record) => ({ ...record, [name]: undefined }));
        expect(outcome(key, withUndefined), `${name} at ${path.join('.')}`).toBe(outcome(key, without));
      }
      const all = changedAt(EXAMPLE_CALLS[key], path, (record) => ({
        ...Object.fromEntries(optional.map((name) => [name, undefined])),
        ...record,
      }));
      expect(outcome(key, all)).toBe(outcome(key, EXAMPLE_CALLS[key]));
    }
  });
});
