/** The ways to make a host's own programs ask the daemon; ADR 28 has the reasons. Macs have one, and only they. */
export const FORM_NAMES = ['resolved', 'dnsmasq', 'hosts', 'macos'] as const;
export type FormName = (typeof FORM_NAMES)[number];

/** What a form needs to know of a home. */
export interface Target {
  /** The home's real path, for people. */
  home: string;
  homeLabel: string;
  uid: number;
  /** Where the daemon answers by DNS on 127.0.0.1. */
  port: number;
  /** The interface that the gateway's address is on. */
  bridge: string;
  subnet: string;
  /** The file for the host's dnsmasq; only with that form. */
  dropIn?: string | undefined;
}

/** A line of /etc/hosts. */
export interface HostsEntry {
  address: string;
  names: readonly string[];
}

/** Something that keeps an installed form from working. */
export interface Trouble {
  why: string;
  fix: string;
}

/** One way. All of it is idempotent: applied twice is once, and undoing what is not there is nothing. */
export interface Form {
  readonly name: FormName;
  /** For people, as in "names are resolved by …". */
  readonly title: string;
  /** Whether `anything.mercury.shop.cspace2.local` resolves too. */
  readonly wildcards: boolean;
  /** What `apply` changes on the host, a line each. Pure. */
  describe(target: Target): string[];
  /** Needs root. Throws ProblemError; what it began is then undone. */
  apply(target: Target, signal: AbortSignal): Promise<void>;
  /** Needs root. Leaves the host as it was before `apply`; what others changed meanwhile stays. */
  revert(target: Target, signal: AbortSignal): Promise<void>;
  /** Whether what `apply` made is still there and as it should be; needs no root. */
  check(target: Target, signal: AbortSignal): Promise<Trouble | undefined>;
}
