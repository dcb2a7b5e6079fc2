import { expect, test } from 'bun:test';
import { getFoldersCommands, getQemuArgv, HANDED, parseOwnCommand, type QemuPlan } from './argv.ts';

const PLAN: QemuPlan = {
  accel: 'tcg',
  uid: 300_000,
  kvmGid: undefined,
  cpus: 1.5,
  memoryMiB: 512,
  sockets: '/run/cspace/0/vm/1/sock',
  mac: '02:c5:00:00:00:02',
  kernelLine: 'console=ttyS0 quiet',
};
const getLine = (change: Partial<QemuPlan> = {}) => ` ${getQemuArgv({ ...PLAN, ...change }).join(' ')} `;

test.each([
  ['drops to a user of its own, before QEMU is', /^ setpriv --reuid 300000 --regid 300000 --clear-groups /],
  [
    'takes every capability, and the way to new ones',
    / --bounding-set -all --no-new-privs qemu-system-x86_64 /,
  ],
  [
    'has QEMU’s own sandbox on',
    / -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny /,
  ],
  ['reads nobody’s configuration, and has no device but ours', / -nodefaults -no-user-config /],
  [
    'shares the memory with the server of folders, and aligns it for huge pages',
    / memory-backend-file,id=memory,size=512M,share=on,align=2M,mem-path=\/proc\/self\/fd\/9 /,
  ],
  ['keeps a guest that is off', / -action shutdown=pause,reboot=shutdown,panic=pause /],
  ['emulates, one processor of two', / -accel tcg -cpu max -smp 1,maxcpus=2 /],
  ['bounds what nobody reads', / ringbuf,id=console,size=262144 .* ringbuf,id=status,size=4096 /],
  ['gives free memory back', / virtio-balloon-pci,free-page-reporting=on /],
  ['has room for folders that come later', / pcie-root-port,id=later,/],
])('getQemuArgv %s', (_, pattern) => expect(getLine()).toMatch(pattern));

test('getQemuArgv: with KVM it is in the group that may open it, and has the host’s processor, rounded up', () => {
  expect(getLine({ accel: 'kvm', kvmGid: 104 })).toMatch(/ --groups 104 .* -accel kvm -cpu host -smp 2 /);
});

test('getQemuArgv: files are the descriptors in their order, and stand nowhere by path', () => {
  const line = getLine();
  expect(HANDED.indexOf('vmlinux')).toBe(0);
  expect(line).toContain('-kernel /proc/self/fd/3 -initrd /proc/self/fd/4');
  expect(line).toMatch(
    /-add-fd fd=5,set=5 -blockdev driver=raw,node-name=root,read-only=on,.*\/dev\/fdset\/5/,
  );
  expect(line).toMatch(/-add-fd fd=7,set=7 -blockdev driver=raw,node-name=disk,discard=unmap,/);
  expect(line).toContain('tap,id=net,fd=8');
  const paths = [...line.matchAll(/(?<=[=\s])\/[^,\s]+/g)].map(([path]) => path.replace(/[^/]+$/, ''));
  expect([...new Set(paths)].sort()).toEqual(['/dev/', '/dev/fdset/', '/proc/self/fd/', `${PLAN.sockets}/`]);
});

test('getQemuArgv: two machines differ in user, sockets and MAC alone', () => {
  const other = { uid: 300_001, sockets: '/run/cspace/0/vm/2/sock', mac: '02:c5:00:00:00:03' };
  const back = getLine(other)
    .replaceAll('300001', '300000')
    .replaceAll('/vm/2/', '/vm/1/')
    .replaceAll(other.mac, PLAN.mac);
  expect(back).toBe(getLine());
});

test('getQemuArgv: a comma in a path stays in its value', () => {
  expect(getLine({ sockets: '/a,b' })).toContain('path=/a,,b/qmp,server=on');
});

const FOLDER = '/run/cspace/0/vm';
const ID = '0123456789ab';
test.each([
  [['setpriv', '--reuid', '1', 'qemu-system-x86_64', `socket,path=${FOLDER}/${ID}/sock/qmp`], ID],
  [['/usr/bin/qemu-system-x86_64', '-chardev', `socket,path=${FOLDER}/${ID}/sock/qmp`], ID],
  [['/usr/lib/qemu/virtiofsd', '-o', `source=${FOLDER}/${ID}/share`], ID],
  [[`ssh: ${FOLDER}/${ID}/ssh/mux/at [mux]`], ID],
  [['tail', '-f', `${FOLDER}/${ID}/machine.json`], undefined],
  [['qemu-system-x86_64', `path=/run/cspace/1/vm/${ID}/sock/qmp`], undefined],
  [['qemu-system-x86_64', `path=${FOLDER}/${ID}0/sock/qmp`], undefined],
  [[''], undefined],
])('parseOwnCommand: %j', (words, id) => expect(parseOwnCommand(`${words.join('\0')}\0`, FOLDER)).toBe(id));

const template = (use: 'make' | 'restore') => getLine({ template: { use, generation: 'a-b' } });
test('getQemuArgv: a guest of a template has no folders yet', () => {
  for (const line of [template('make'), template('restore')]) {
    expect(line).toContain(' vmgenid,guid=a-b ');
    expect(line).not.toContain('vhost-user-fs');
    expect(line).not.toContain(`${PLAN.sockets}/fs`);
  }
});
test('getQemuArgv: both sides of a template are the same, but for who waits and who is waited for', () => {
  expect(template('restore').replace(' -incoming defer', '').trim()).toBe(
    template('make')
      .replace(/^ nice -n 10/, '')
      .replace(' --pdeathsig KILL', '')
      .trim(),
  );
  expect(template('make')).toMatch(/^ nice -n 10 setpriv .* --pdeathsig KILL qemu-system-x86_64 /);
});
test('getFoldersCommands: the same device as at boot, in the free slot', () => {
  const [chardev, device] = getFoldersCommands('/s');
  expect(chardev?.[1]).toMatchObject({ id: 'fs', backend: { data: { addr: { data: { path: '/s/fs' } } } } });
  expect(device?.[1]).toEqual({
    ...{ driver: 'vhost-user-fs-pci', chardev: 'fs', tag: 'host' },
    ...{ 'queue-size': 1024, bus: 'later' },
  });
  expect(getLine()).toContain(' vhost-user-fs-pci,chardev=fs,tag=host,queue-size=1024 ');
});
