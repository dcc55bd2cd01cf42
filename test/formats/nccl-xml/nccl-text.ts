/** Small topology files, written out of parts. */

export const system = (inside: string, attributes = 'version="1"'): string =>
  `<system ${attributes}>${inside}</system>`;

/** A `cpu`; by default node 0 of an AMD machine. */
export const cpu = (
  inside: string,
  attributes = 'numaid="0" arch="x86_64" vendor="AuthenticAMD" familyid="175" modelid="1"',
): string => `<cpu ${attributes}>${inside}</cpu>`;

const GEN4 = 'link_speed="16.0 GT/s PCIe" link_width="16"';

/** A bridge. */
export const bridge = (bus: string, inside: string, attributes: string = GEN4): string =>
  `<pci busid="0000:${bus}:00.0" class="0x060400" ${attributes}>${inside}</pci>`;

/** A GPU with `dev` and `rank`, and what stands inside its `gpu` element. */
export const gpu = (
  bus: string,
  dev: number,
  inside = '',
  attributes = 'sm="80"',
  link: string = GEN4,
): string =>
  `<pci busid="0000:${bus}:00.0" class="0x030200" ${link}><gpu dev="${dev}" rank="${dev}" ${attributes}>${inside}</gpu></pci>`;

/** A NIC with one port. */
export const nic = (bus: string, attributes: string, link: string = GEN4): string =>
  `<pci busid="0000:${bus}:00.0" class="0x020700" ${link}><nic><net ${attributes}/></nic></pci>`;

/** An NVLink to a GPU. */
export const nvlink = (bus: string, count: number, tclass = '0x030200'): string =>
  `<nvlink target="0000:${bus}:00.0" count="${count}" tclass="${tclass}"/>`;

/** An xGMI link to a GPU. */
export const xgmi = (bus: string, count: number): string =>
  `<xgmi target="0000:${bus}:00.0" count="${count}" tclass="0x038000"/>`;
