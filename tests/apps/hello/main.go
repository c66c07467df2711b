// A web server as small apps are: each request takes some memory and reads a template from disk,
// so it feels it when its container runs out of memory. What it holds between two requests stays
// the same to some KiB, so that the memory of a load can be told apart from its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	templateFile = "/srv/index.html"
	workBytes    = 1 << 20
	pageBytes    = 4096
)

type page struct {
	Pod    string
	Number int64
	KiB    int
}

// work takes fresh memory from the kernel and writes to each page of it, as parsing or rendering
// would.
func work() (int, error) {
	access, kind := syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE
	buffer, err := syscall.Mmap(-1, 0, workBytes, access, kind)
	if err != nil {
		return 0, err
	}
	for at := 0; at < len(buffer); at += pageBytes {
		buffer[at] = 1
	}
	return len(buffer), syscall.Munmap(buffer)
}

func hello(pod string) http.HandlerFunc {
	var requests atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		bytes, err := work()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		parsed, err := template.ParseFiles(templateFile)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		parsed.Execute(w, page{Pod: pod, Number: requests.Add(1), KiB: bytes >> 10})
	}
}

// settle touches the heap up to where Go's collector first runs, and keeps huge pages out of it:
// from then on a request hardly makes it grow or shrink.
func settle() {
	const disableHugePages = 41 // PR_SET_THP_DISABLE
	syscall.RawSyscall6(syscall.SYS_PRCTL, disableHugePages, 1, 0, 0, 0, 0)
	var kept [][]byte
	for range 4 << 20 / pageBytes {
		kept = append(kept, make([]byte, pageBytes))
	}
	for _, buffer := range kept {
		buffer[0] = 1
	}
	runtime.GC()
}

func main() {
	settle()
	pod, _ := os.Hostname()
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", hello(pod))
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Addr: ":8080", Handler: routes, ReadHeaderTimeout: 5 * time.Second}

	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ended.Done()
		server.Shutdown(context.Background())
	}()
	log.Println("listening on", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
