/** Characters of a text that are examined. */
const LENGTH_MAX = 65_536;

const DAG = 'this describes a graph of tasks (a DAG), which has no submission times';
const REMEDY = 'an SWF log has one job a line, dependencies only in field 17';

/**
 * Other formats that are passed in place of an SWF log, and what the message says of each. Patterns that may match at any
 * line start with `[ \t]`, not `\s`, and have one `.*` at most: otherwise thousands of blank lines take quadratic time.
 */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^[ \t]*(?:strict\s+)?(?:di)?graph\b|\S\s?-{1,2}>\s?\S/m, `${DAG} in the language of Graphviz or Mermaid`],
  [
    /^[ \t]*(?:JOB|SUBDAG|SPLICE)[ \t]+\S+[ \t]+\S|^[ \t]*PARENT\s.*\sCHILD\s/im,
    `${DAG} for HTCondor DAGMan`,
  ],
  [/<adag\b/, `${DAG} as Pegasus writes it (DAX)`],
  [/^@TASK_GRAPH\b/m, `${DAG} in the format of TGFF`],
  [
    /^(?:[A-Z]+\d+(?:_\d+)*|task_\S{1,64}),\d+(?:\.\d+)?,j_\d+,/m,
    `${DAG} of Alibaba's batch trace: the name of a task (M2_1) lists the tasks before it`,
  ],
  [/^\s*[[{][\s\S]*"(?:parents|children|dependencies|predecessors)"/, `${DAG} as JSON (WfCommons, Batsim)`],
  [/^\s*[[{]/, 'this looks like JSON'],
  [/^\s*</, 'this looks like XML'],
  [/^[ \t]*#!|^#SBATCH\b/m, 'this is a job script'],
  [/^[ \t]*(?:JobID|JobIDRaw)(?:[ \t]*\||[ \t]+\S)/m, 'this looks like the output of Slurm (sacct)'],
  [/^#(?=.*\bJobID\b).*\bSubmitTime\b/im, 'this looks like a log of the Grid Workload Format (GWF)'],
];

/**
 * Recognizes the format of a text that is no SWF log.
 *
 * @param text - a text in which no job was found
 * @returns what it looks like and what to give instead; undefined where nothing is recognized
 * @complexity O(1): the first 65,536 characters are looked at
 */
export function foreignLog(text: string): string | undefined {
  const start = text.slice(0, LENGTH_MAX).replace(/^[ \t]*;.*$/gm, '');
  const known = FOREIGN.find(([pattern]) => pattern.test(start))?.[1] ?? taskGraph(start);
  return known === undefined ? undefined : `${known}; ${REMEDY}`;
}

/** Recognizes a Standard Task Graph: the number of tasks, then per line task, time, number of predecessors, predecessors. */
function taskGraph(text: string): string | undefined {
  const [count, ...tasks] = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (count === undefined || !/^\d{1,9}$/.test(count) || tasks.length === 0) return undefined;
  const isTask = (line: string): boolean => {
    const cells = line.split(/\s+/);
    return /^[\d\s]+$/.test(line) && Number(cells[2]) === cells.length - 3;
  };
  return tasks.slice(0, 3).every(isTask) ? `${DAG} as a Standard Task Graph (STG)` : undefined;
}
