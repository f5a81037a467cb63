// The person's choices, as the settings' schema has them.

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

export interface Choices {
  readonly badges: boolean;
  readonly statusBar: boolean;
  readonly toolbar: boolean;
}

export const DEFAULTS: Choices = { badges: true, statusBar: true, toolbar: true };

/** Tells of the choices now and at each change; of the defaults where there are no settings. */
export async function followSettings(
  registry: ISettingRegistry | null,
  id: string,
  told: (choices: Choices) => void,
): Promise<void> {
  if (registry === null) {
    told(DEFAULTS);
    return;
  }
  const settings = await registry.load(id);
  const tell = (): void => told({ ...DEFAULTS, ...(settings.composite as Partial<Choices>) });
  settings.changed.connect(tell);
  tell();
}
