/** How much of a text is looked at, in characters. */
const LENGTH_MAX = 65_536;

const DAG = 'this describes a graph of tasks (a DAG), which has no submission times';
const REMEDY = 'an SWF log has one job a line, dependencies only in field 17';

/**
 * What people hand in for an SWF log, and how it is told. A pattern that starts anywhere begins with what one line holds
 * (`[ \t]`, not `\s`) and repeats `.*` once at most: among thousands of blank lines more would cost their square.
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
 * What a text is that holds no SWF log.
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

/** Standard Task Graphs (STG): the number of tasks, then task, time, number of predecessors, and those. */
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
