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
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
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

// settle touches the heap beyond where Go's collector runs, and keeps huge pages out of it: from
// then on a request hardly makes it grow or shrink. By default Go waits for 4 MiB of garbage, and
// gives most of that back two minutes later, when it collects the little that few requests have
// left; at 10 % it waits for 400 KiB.
func settle() {
	const disableHugePages = 41 // PR_SET_THP_DISABLE
	syscall.RawSyscall6(syscall.SYS_PRCTL, disableHugePages, 1, 0, 0, 0, 0)
	debug.SetGCPercent(10)
	var kept [][]byte
	for range 1 << 20 / pageBytes {
		kept = append(kept, make([]byte, pageBytes))
	}
	for _, buffer := range kept {
		buffer[0] = 1
	}
	runtime.GC()
}

// take holds this much memory for good, as a cache would.
func take(bytes int) {
	access, kind := syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE
	held, err := syscall.Mmap(-1, 0, bytes, access, kind)
	if err != nil {
		log.Fatal(err)
	}
	for at := 0; at < bytes; at += pageBytes {
		held[at] = 1
	}
}

// lookup reads random pages of an index on disk, as a database does: quick as long as the index is
// in page cache, which is to say while the container has memory left for it.
func lookup(index *os.File, pages int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var page [pageBytes]byte
		for range pages / 4 {
			if _, err := index.ReadAt(page[:], rand.Int63n(pages)*pageBytes); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		fmt.Fprintln(w, "found")
	}
}

// newIndex makes a file of so many pages without a name.
func newIndex(folder string, pages int64) *os.File {
	index, err := os.CreateTemp(folder, "index")
	if err != nil {
		log.Fatal(err)
	}
	os.Remove(index.Name())
	var page [pageBytes]byte
	for number := range pages {
		page[number%pageBytes]++
		if _, err := index.Write(page[:]); err != nil {
			log.Fatal(err)
		}
	}
	index.Sync()
	return index
}

// mebibytes reads a size from the environment; 0 where it is not set.
func mebibytes(name string) int {
	size, _ := strconv.Atoi(os.Getenv(name))
	return size << 20
}

func main() {
	settle()
	if bytes := mebibytes("HELD_MIB"); bytes > 0 {
		take(bytes)
	}
	pod, _ := os.Hostname()
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", hello(pod))
	broken := newBreaking()
	go broken.watch(rand.Intn)
	routes.HandleFunc("GET /healthz", broken.health)
	if bytes := mebibytes("INDEX_MIB"); bytes > 0 {
		pages := int64(bytes / pageBytes)
		routes.HandleFunc("GET /lookup", lookup(newIndex(os.TempDir(), pages), pages))
	}
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
