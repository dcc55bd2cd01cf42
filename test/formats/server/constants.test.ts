import { describe, expect, it } from 'vitest';
import { fromHwlocXml, fromNcclXml } from '../../../src/formats/index.js';
import { nvlinkOfSm, SOCKETS, socketOfCpu, xgmiOfGcn } from '../../../src/formats/server/constants.js';

/** Two sockets with a GPU each, as hwloc writes them. */
function hwlocText(infos: Readonly<Record<string, string>>): string {
  const info = Object.entries(infos).map(([name, value]) => `<info name="${name}" value="${value}"/>`);
  const sockets = [0, 1].map(
    (i) =>
      `<object type="Package" os_index="${i}" gp_index="${i + 2}">${info.join('')}` +
      `<object type="NUMANode" os_index="${i}" gp_index="${i + 5}"/>` +
      `<object type="Bridge" bridge_type="0-1" gp_index="${i + 10}"><object type="PCIDev" gp_index="${i + 20}" ` +
      `pci_busid="0000:0${i}:00.0" pci_type="0302 [10de:2330] [0000:0000] a1" pci_link_speed="63.0"/></object></object>`,
  );
  return `<topology version="2.0"><object type="Machine" gp_index="1">${sockets.join('')}</object></topology>`;
}

/** Two sockets with a GPU each, as NCCL writes them. */
function ncclText(cpu: string): string {
  const cpus = [0, 1].map(
    (i) =>
      `<cpu numaid="${i}" ${cpu}><pci busid="0000:0${i}:00.0" class="0x030200"><gpu dev="${i}" sm="90" rank="${i}"/></pci></cpu>`,
  );
  return `<system version="1">${cpus.join('')}</system>`;
}

const socketOf = ({ links }: ReturnType<typeof fromHwlocXml>) =>
  links.find(({ medium }) => medium === 'socket')!;

describe('socketOfCpu', () => {
  it('gives hwloc and NCCL files of one CPU the same figure under the same name', () => {
    for (const [vendor, family, model] of [
      ['GenuineIntel', 6, 79],
      ['GenuineIntel', 6, 85],
      ['GenuineIntel', 6, 143],
      ['GenuineIntel', 6, 207],
      ['AuthenticAMD', 25, 1],
      ['CentaurHauls', 7, 91],
      ['CentaurHauls', 7, 11],
    ] as const) {
      const { ncclGBps, name } = socketOfCpu({ arch: 'x86_64', vendor, family, model })!;
      const infos = { CPUVendor: vendor, CPUFamilyNumber: `${family}`, CPUModelNumber: `${model}` };
      const nccl = `arch="x86_64" vendor="${vendor}" familyid="${family}" modelid="${model}"`;
      for (const link of [socketOf(fromHwlocXml(hwlocText(infos))), socketOf(fromNcclXml(ncclText(nccl)))]) {
        expect(link).toMatchObject({ bandwidthGBps: ncclGBps, ncclGBps });
        expect(link.source).toContain(`NCCL 2.30.7 topo.h, ${name}`);
      }
    }
  });

  it('does not say which CPU it is without architecture, vendor, or the numbers of an Intel CPU', () => {
    for (const cpu of [{}, { arch: 'x86_64' }, { arch: 'x86_64', vendor: 'GenuineIntel' }]) {
      expect(socketOfCpu(cpu)).toBeUndefined();
    }
  });

  it('calls unknown CPUs not limiting, as NCCL does; hwloc files get the least figure and tell why', () => {
    expect(socketOfCpu({ arch: 'x86_64', vendor: 'Other' })).toMatchObject({ ncclGBps: 5000 });
    expect(socketOf(fromNcclXml(ncclText('arch="x86_64" vendor="Other"'))).bandwidthGBps).toBe(5000);
    const named = socketOf(fromHwlocXml(hwlocText({ CPUVendor: 'Other' })));
    expect(named).toMatchObject({ bandwidthGBps: SOCKETS.broadwell.ncclGBps });
    expect(named.source).toContain('as it has none for this processor');
    expect(socketOf(fromHwlocXml(hwlocText({}))).source).toContain('as the file does not name the processor');
  });
});

describe('nvlinkOfSm', () => {
  it('has the figures of NCCL by compute capability', () => {
    const figures = [35, 60, 70, 80, 86, 89, 90, 100, 120].map((sm) => nvlinkOfSm(sm).ncclGBps);
    expect(figures).toEqual([20, 18, 20, 20, 12, 20, 20.6, 40.1, 40.1]);
  });
});

describe('xgmiOfGcn', () => {
  it('has the figures of RCCL by architecture, in the words of old and new files', () => {
    const figures = ['906', 'gfx908', '910', 'gfx90a', 'gfx942', 'gfx950'].map(
      (gcn) => xgmiOfGcn(gcn).ncclGBps,
    );
    expect(figures).toEqual([24, 24, 36, 36, 48, 48]);
  });
});
