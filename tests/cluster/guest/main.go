// A root shell for the node's owner: it runs the commands that come in over a virtio port.
//
// Every message is one line, so that a client that died in the middle of one costs no more than
// that line. In come "run ID ARGV" (argv as JSON in base64), "in ID DATA" and "end ID";
// out go "out ID DATA", "err ID DATA" and "exit ID CODE". One command runs at a time: a new "run"
// ends the one before it, as does a client that goes away.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	cannotRun = 127
	chunk     = 48 << 10
	// Chunks of input that may wait for a command to read them: some 200 MB.
	waitingParts = 4096
	// A client that stays away for so long has gone.
	goneAfter = time.Second
	// Of epoll: wake at each change, and not for as long as nobody is there.
	edgeTriggered = 1 << 31
)

type port struct {
	file *os.File
	lock sync.Mutex
}

func (p *port) send(kind, id, text string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	fmt.Fprintf(p.file, "%s %s %s\n", kind, id, text)
}

// stream is one output of a command, sent on as it comes.
type stream struct {
	port     *port
	kind, id string
}

func (s stream) Write(data []byte) (int, error) {
	for rest := data; len(rest) > 0; {
		part := rest[:min(chunk, len(rest))]
		rest = rest[len(part):]
		s.port.send(s.kind, s.id, base64.StdEncoding.EncodeToString(part))
	}
	return len(data), nil
}

// command is what runs now; its zero value is nothing.
type command struct {
	id    string
	stdin chan<- []byte
	kill  func()
}

func (c *command) closeStdin() {
	if c.stdin != nil {
		close(c.stdin)
		c.stdin = nil
	}
}

func (c *command) end() {
	c.closeStdin()
	if c.kill != nil {
		c.kill()
	}
	*c = command{}
}

// feed gives a command its input, so that one that does not read it cannot stop the port.
func feed(stdin io.WriteCloser) chan<- []byte {
	parts := make(chan []byte, waitingParts)
	go func() {
		defer stdin.Close()
		for part := range parts {
			stdin.Write(part)
		}
	}()
	return parts
}

func start(p *port, id, encoded string) (command, error) {
	var argv []string
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = json.Unmarshal(text, &argv)
	}
	if err != nil || len(argv) == 0 {
		return command{}, fmt.Errorf("not an argv: %w", err)
	}
	child := exec.Command(argv[0], argv[1:]...)
	child.Dir = "/root"
	child.Stdout, child.Stderr = stream{p, "out", id}, stream{p, "err", id}
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A child of the command may keep its output open; do not wait for it for ever.
	child.WaitDelay = time.Second
	stdin, err := child.StdinPipe()
	if err != nil {
		return command{}, err
	}
	if err := child.Start(); err != nil {
		return command{}, err
	}
	// What a test does in the node must be neither spared by the kernel nor end this shell.
	os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", child.Process.Pid), []byte("0"), 0)
	go func() { p.send("exit", id, fmt.Sprint(exitCode(child.Wait()))) }()
	kill := func() { syscall.Kill(-child.Process.Pid, syscall.SIGKILL) }
	return command{id, feed(stdin), kill}, nil
}

func exitCode(err error) int {
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		status := failed.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			return 128 + int(status.Signal())
		}
		return status.ExitStatus()
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return 0
	}
	return cannotRun
}

func (p *port) handle(current *command, line string) {
	words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
	if len(words) < 2 {
		return
	}
	kind, id := words[0], words[1]
	switch {
	case kind == "run" && len(words) == 3:
		current.end()
		started, err := start(p, id, words[2])
		if err != nil {
			fmt.Fprintln(stream{p, "err", id}, err)
			p.send("exit", id, fmt.Sprint(cannotRun))
		}
		*current = started
	case id != current.id:
	case kind == "in" && len(words) == 3 && current.stdin != nil:
		if data, err := base64.StdEncoding.DecodeString(words[2]); err == nil {
			current.stdin <- data
		}
	case kind == "end":
		current.closeStdin()
	}
}

// serve reads until the port is closed for good. While no client is there a read ends at once. The
// kernel may tell of the last client's going after the next one's first words: only who stays away
// for a while has gone.
func (p *port) serve() {
	var current command
	var absentSince time.Time
	begun := ""
	lines := bufio.NewReaderSize(p.file, 256<<10)
	news := p.watch()
	for {
		text, err := lines.ReadString('\n')
		begun += text
		if err == nil {
			p.handle(&current, begun)
			begun, absentSince = "", time.Time{}
			continue
		}
		switch {
		case absentSince.IsZero():
			absentSince = time.Now()
		case time.Since(absentSince) > goneAfter:
			current.end()
		}
		news()
	}
}

// watch returns a function that waits until something happens to the port, at most until a client
// that is away has gone: looking again and again would cost an emulated node a sixth of its time.
func (p *port) watch() func() {
	watcher, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	wanted := syscall.EpollEvent{Events: syscall.EPOLLIN | edgeTriggered}
	if err := syscall.EpollCtl(watcher, syscall.EPOLL_CTL_ADD, int(p.file.Fd()), &wanted); err != nil {
		log.Fatal(err)
	}
	var happened [1]syscall.EpollEvent
	return func() { syscall.EpollWait(watcher, happened[:], int(goneAfter.Milliseconds())) }
}

func main() {
	os.WriteFile("/proc/self/oom_score_adj", []byte("-999"), 0)
	for _, name := range os.Args[1:] {
		// Blocking reads: the runtime's poller takes a port without a client for closed.
		number, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		if err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			os.Exit(1)
		}
		go (&port{file: os.NewFile(uintptr(number), name)}).serve()
	}
	select {}
}
