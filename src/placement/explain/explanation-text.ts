import { plainData } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { Explanation } from '../request/explanation.js';
import { count, plural } from './words.js';

/**
 * Writes an explanation as a few lines of text.
 *
 * The first line is the answer. For a request that fits the steps of the decision follow. For one that does not fit: how many
 * servers each constraint keeps out, the best domain of every tier, and every single change that would help.
 *
 * @param explanation - what `solver.explain(request)` returned, or a copy of it through JSON
 * @returns lines joined by `\n`, without one at the end; equal explanations give equal texts
 * @throws CorralError `invalid-option` for anything else
 * @complexity O(constraints + tiers + remedies + steps)
 * @example
 * const solver = compile(serverTopology(topology('dgx-h100').document));
 * explanationText(solver.explain({ pods: 2, gpus: 8 }));
 * // does not fit (never-fits): the whole cluster takes 1 of 2 pods; 1 pod would fit: ask for podsMin 1
 * // servers: 1 of 1 could take one of the pods now
 * // best server: dgx-h100, 1 pod, 1 too few
 * // best cluster: 1 pod, 1 too few
 * // would help: 1 pod would fit: ask for podsMin 1
 */
export function explanationText(explanation: Explanation): string {
  const { fits, reason, message, servers, serversThatFit, constraints, tiers, remedies, steps } =
    readExplanation(explanation);
  const lines = [fits ? `fits: ${message}` : `does not fit (${reason}): ${message}`];
  lines.push(`servers: ${count(serversThatFit)} of ${count(servers)} could take one of the pods now`);
  for (const { constraint, servers: failing, serversAlone } of constraints) {
    const alone = serversAlone > 0 ? `, ${count(serversAlone)} of them by that alone` : '';
    lines.push(`kept out by ${constraint}: ${plural(failing, 'server')}${alone}`);
  }
  if (fits) return [...lines, ...steps.map((step) => `${step.step}: ${step.message}`)].join('\n');
  for (const { tier, domain, pods, podsLacking, allowed } of tiers) {
    const what = [
      ...(domain === null ? [] : [domain]),
      plural(pods, 'pod'),
      podsLacking === 0 ? 'enough' : `${count(podsLacking)} too few`,
    ];
    lines.push(`best ${tier}: ${what.join(', ')}${allowed ? '' : '; wider than is required'}`);
  }
  if (remedies.length === 0) lines.push('would help: no single change');
  for (const remedy of remedies) lines.push(`would help: ${remedy.message}`);
  return lines.join('\n');
}

/** The lists of an explanation, and the fields of their entries that the text uses. `?` = the field may be null. */
const LISTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  constraints: { constraint: 'string', servers: 'number', serversAlone: 'number' },
  tiers: { tier: 'string', domain: 'string?', pods: 'number', podsLacking: 'number', allowed: 'boolean' },
  remedies: { message: 'string' },
  steps: { step: 'string', message: 'string' },
};
const FIELDS: Readonly<Record<string, string>> = {
  fits: 'boolean',
  reason: 'string?',
  message: 'string',
  servers: 'number',
  serversThatFit: 'number',
};

/** A copy of an explanation with all fields that the text uses; each value is read once. */
function readExplanation(given: Explanation): Explanation {
  const path = ['explanation'];
  const copy = plainData(given, path, 'invalid-option');
  if (typeof copy !== 'object' || copy === null || !('fits' in copy)) {
    throw unlike(path, 'an explanation', given);
  }
  checkTypes(copy, FIELDS, path);
  for (const [field, types] of Object.entries(LISTS)) {
    const list: unknown = (copy as Readonly<Record<string, unknown>>)[field];
    if (!Array.isArray(list)) throw unlike([...path, field], 'a list', list);
    list.forEach((entry, i) => {
      checkTypes(entry, types, [...path, field, i]);
    });
  }
  return copy as Explanation;
}

function checkTypes(value: unknown, types: Readonly<Record<string, string>>, path: ErrorPath): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unlike(path, 'an object', value);
  }
  for (const [field, type] of Object.entries(types)) {
    const own = (value as Readonly<Record<string, unknown>>)[field];
    if (typeof own === type || (type.endsWith('?') && (own === null || type.startsWith(typeof own))))
      continue;
    throw unlike([...path, field], `a ${type.replace('?', ' or null')}`, own);
  }
}

function unlike(path: ErrorPath, expected: string, got: unknown): CorralError {
  return new CorralError(
    'invalid-option',
    path,
    `expected ${expected}, as solver.explain(request) returns, got ${quote(got)}`,
  );
}
