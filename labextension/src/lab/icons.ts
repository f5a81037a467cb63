import { LabIcon } from '@jupyterlab/ui-components';

const svg = (inside: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><g fill="none" stroke="var(--jp-inverse-layout-color3, #616161)" stroke-width="1.3" stroke-linejoin="round">${inside}</g></svg>`;

export const featuresIcon = new LabIcon({
  name: 'jupyter-lifecycle:features',
  svgstr: svg(
    '<rect x="1.500" y="2" width="4.500" height="3.500" rx=".8"/><rect x="1.500" y="10.500" width="4.500" height="3.500" rx=".8"/><rect x="10" y="6.250" width="4.500" height="3.500" rx=".8"/><path d="M6 3.750c2.500 0 2 4.250 4 4.250M6 12.250c2.500 0 2-4.250 4-4.250"/>',
  ),
});

export const saveIcon = new LabIcon({
  name: 'jupyter-lifecycle:save',
  svgstr: svg(
    '<path d="M2.500 4.500h11v8a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1zM2.500 4.500 8 9l5.500-4.500"/>',
  ),
});
