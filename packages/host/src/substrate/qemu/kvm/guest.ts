/** What the guest says, and how it ends QEMU: isa-debug-exit makes `(VALUE << 1) | 1` of what is written to its port. */
export const GUEST_WORD = 'cspace: a guest runs';
export const GUEST_EXIT_CODE = 33;
/** I/O ports: QEMU's debug console, and the device that ends it. */
export const CONSOLE_PORT = 0xe9;
export const EXIT_PORT = 0xf4;

const BASE = 0x10_0000;
/** Where things are in the guest's memory, from BASE on. All tables stand in the image ready made. */
const AT = {
  code: 0x0,
  long: 0x3f,
  tick: 0x7d,
  gdt: 0x100,
  gdtr: 0x110,
  idtr: 0x118,
  word: 0x130,
  pml4: 0x1000,
  pdpt: 0x2000,
  lowPages: 0x3000,
  highPages: 0x4000,
  idt: 0x5000,
  end: 0x6000,
  stack: 0x7000,
};

/**
 * From the state in which QEMU enters a kernel (PVH: 32 bits, no paging) it goes where a kernel goes: paging, 64 bits, a
 * sleep from which a timer's interrupt wakes it. Only then it speaks. Encodings as an assembler has them.
 */
const CODE: readonly (readonly [hex: string, what: string])[] = [
  ['fa', 'cli'],
  // The firmware's clock ticks on: what it interrupts here has nowhere to go, and the guest would fall.
  ['b0ff', 'mov al, 0xff'],
  ['e621', 'out 0x21, al: the first interrupt controller is silent'],
  ['e6a1', 'out 0xa1, al: and the second'],
  [`0f0115 ${le32(BASE + AT.gdtr)}`, 'lgdt [gdtr]'],
  ['0f20e0', 'mov eax, cr4'],
  ['83c820', 'or eax, PAE'],
  ['0f22e0', 'mov cr4, eax'],
  [`b8 ${le32(BASE + AT.pml4)}`, 'mov eax, pml4'],
  ['0f22d8', 'mov cr3, eax'],
  ['b9 800000c0', 'mov ecx, EFER'],
  ['0f32', 'rdmsr'],
  ['0d 00010000', 'or eax, LME'],
  ['0f30', 'wrmsr'],
  ['0f20c0', 'mov eax, cr0'],
  ['0d 00000080', 'or eax, PG'],
  ['0f22c0', 'mov cr0, eax'],
  [`ea ${le32(BASE + AT.long)} 0800`, 'jmp 8:long'],
  [`bc ${le32(BASE + AT.stack)}`, 'long: mov esp, stack'],
  [`0f011c25 ${le32(BASE + AT.idtr)}`, 'lidt [idtr]'],
  ['bb 0000e0fe', 'mov ebx, the local APIC'],
  ['c783 f0000000 ff010000', 'switch it on'],
  ['c783 e0030000 0b000000', 'its timer: each tick counts'],
  ['c783 20030000 20000000', 'its timer: once, interrupt 0x20'],
  ['c783 80030000 00100000', 'its timer: from 4096'],
  ['fb', 'sti'],
  ['f4', 'hlt'],
  ['ebfd', 'jmp the hlt'],
  [`be ${le32(BASE + AT.word)}`, 'tick: mov esi, word'],
  [`66ba ${le32(CONSOLE_PORT).slice(0, 4)}`, 'mov dx, CONSOLE_PORT'],
  ['ac', 'lodsb'],
  ['84c0', 'test al, al'],
  ['7403', 'je to the end'],
  ['ee', 'out dx, al'],
  ['ebf8', 'jmp the lodsb'],
  ['b010', 'mov al, 16'],
  ['e6f4', 'out EXIT_PORT, al'],
  ['f4', 'hlt'],
  ['ebfd', 'jmp the hlt'],
];

const CODE_64 = 0x00_20_9a_00_0000_0000n; // a descriptor: present, code, long mode
const PRESENT = 0x3n; // and writable
const LARGE = 0x83n; // the same, a page of 2 MiB
const UNCACHED = 0x10n;
const APIC = 0xfee0_0000;

/** The memory of the guest from BASE on. */
function getMemory(): Buffer {
  const memory = Buffer.alloc(AT.end);
  const put = (at: number, value: bigint) => memory.writeBigUInt64LE(value, at);
  const table = (at: number) => BigInt(BASE + at) | PRESENT;
  Buffer.from(CODE.map(([hex]) => hex.replaceAll(' ', '')).join(''), 'hex').copy(memory, AT.code);
  memory.write(`${GUEST_WORD}\n\0`, AT.word, 'latin1');
  put(AT.gdt + 8, CODE_64);
  memory.writeUInt16LE(15, AT.gdtr);
  memory.writeUInt32LE(BASE + AT.gdt, AT.gdtr + 2);
  memory.writeUInt16LE(0xfff, AT.idtr);
  put(AT.idtr + 2, BigInt(BASE + AT.idt));
  // The first 2 MiB, and the 2 MiB with the local APIC in the fourth GiB; each where it is.
  put(AT.pml4, table(AT.pdpt));
  put(AT.pdpt, table(AT.lowPages));
  put(AT.pdpt + 3 * 8, table(AT.highPages));
  put(AT.lowPages, LARGE);
  put(AT.highPages + ((APIC >> 21) & 511) * 8, BigInt(APIC) | LARGE | UNCACHED);
  const tick = BigInt(BASE + AT.tick);
  // A gate: the address in three parts, the segment, "present, interrupt".
  put(AT.idt + 0x20 * 16, (tick & 0xffffn) | 0x8_0000n | 0x8e00_0000_0000n | ((tick >> 16n) << 48n));
  return memory;
}

const SEGMENT_OFFSET = 0x1000;
const NOTE_OFFSET = 64 + 2 * 56;

/** The guest as a kernel for QEMU's `-kernel`: an ELF file with the note of the PVH boot protocol. 28 KiB, mostly zeros. */
export function getGuestImage(): Buffer {
  const header = Buffer.alloc(SEGMENT_OFFSET);
  const u16 = (at: number, ...values: number[]) =>
    values.forEach((value, n) => void header.writeUInt16LE(value, at + 2 * n));
  const u64 = (at: number, ...values: number[]) =>
    values.forEach((value, n) => void header.writeBigUInt64LE(BigInt(value), at + 8 * n));
  // elf(5): 64 bits, little endian; executable, x86-64; entry and program headers.
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  u16(16, 2, 62, 1, 0);
  u64(24, BASE + AT.code, 64);
  u16(52, 64, 56, 2);
  // PT_LOAD, all rights: offset, addresses, size in the file and in memory, alignment. Then PT_NOTE.
  u16(64, 1, 0, 7, 0);
  u64(72, SEGMENT_OFFSET, BASE, BASE, AT.end, AT.stack, 0x1000);
  u16(120, 4, 0, 4, 0);
  u64(128, NOTE_OFFSET, 0, 0, 24, 24, 4);
  // Name and value of the note: lengths, XEN_ELFNOTE_PHYS32_ENTRY, "Xen", where to enter.
  u16(NOTE_OFFSET, 4, 0, 8, 0, 18, 0);
  header.write('Xen\0', NOTE_OFFSET + 12, 'latin1');
  u64(NOTE_OFFSET + 16, BASE + AT.code);
  return Buffer.concat([header, getMemory()]);
}

/** Four bytes in the order of the machine, in hexadecimal. */
function le32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
}
