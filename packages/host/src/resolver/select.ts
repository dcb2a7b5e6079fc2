import { dnsmasqForm } from './dnsmasq.ts';
import type { Form, FormName } from './form.ts';
import { hostsForm } from './hosts.ts';
import { macForm } from './mac.ts';
import { resolvedForm } from './resolved.ts';

const FORMS: Record<FormName, Form> = {
  resolved: resolvedForm,
  dnsmasq: dnsmasqForm,
  hosts: hostsForm,
  macos: macForm,
};

export function getForm(name: FormName): Form {
  return FORMS[name];
}
