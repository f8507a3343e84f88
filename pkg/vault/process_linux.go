package vault

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// describe returns what tells this process from others: the boot, the namespaces
// in which its number and its times count, and when it began, in clock ticks
// since the boot. Empty is unknown.
func describe(pid int) (boot, namespace, started string) {
	if data, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		boot = string(bytes.TrimSpace(data))
	}
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(pid) {
		return "", "", "" // a /proc that counts processes in another namespace
	}
	if link, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		namespace = link
		if link, err := os.Readlink("/proc/self/ns/time"); err == nil { // since Linux 5.6
			namespace += " " + link
		}
	}
	_, started = status(pid)
	return boot, namespace, started
}

// ended reports whether the process that had this number and began then is gone.
func ended(pid int, started string) bool {
	// The kernel's word, even where /proc hides other users' processes.
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	state, now := status(pid)
	if now == "" {
		return false
	}
	// A zombie runs nothing: the first thread of a Go program never ends before
	// the others.
	return now != started || state == "Z" || state == "X"
}

// status reads the state and the start time from /proc/PID/stat, fields 3 and
// 22 (proc_pid_stat(5)). Field 2 is in parentheses and may hold anything, so
// counting begins after the last one.
func status(pid int) (state, started string) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ""
	}
	_, rest, ok := cutLast(string(data), ")")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return "", ""
	}
	return fields[0], fields[19]
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
