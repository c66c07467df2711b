package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// breaking makes the app fail from so much anonymous memory of its container on, whoever holds it:
// BREAK_AT_MIB says from where, BREAK_HOW in which way (unready, exit or slow), and BREAK_ODDS in
// how many of a hundred cases at all, drawn anew each time that the memory was lower in between.
type breaking struct {
	at, odds int
	how      string
	isBroken atomic.Bool
}

func newBreaking() *breaking {
	odds, err := strconv.Atoi(os.Getenv("BREAK_ODDS"))
	if err != nil {
		odds = 100
	}
	return &breaking{at: mebibytes("BREAK_AT_MIB"), odds: odds, how: os.Getenv("BREAK_HOW")}
}

// anonymous reads what the container's cgroup holds; 0 where it cannot be read.
func anonymous() int {
	files := map[string]string{
		"/sys/fs/cgroup/memory.stat":        "anon ",
		"/sys/fs/cgroup/memory/memory.stat": "total_rss ",
	}
	for name, key := range files {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if rest, found := strings.CutPrefix(lines.Text(), key); found {
				bytes, _ := strconv.Atoi(rest)
				return bytes
			}
		}
	}
	return 0
}

// watch looks five times a second.
func (b *breaking) watch(draw func(int) int) {
	isDrawn, willBreak := false, false
	for ; b.at > 0; time.Sleep(200 * time.Millisecond) {
		isAbove := anonymous() >= b.at
		if isAbove && !isDrawn {
			willBreak = draw(100) < b.odds
		}
		isDrawn = isAbove
		b.isBroken.Store(isAbove && willBreak)
		if b.isBroken.Load() && b.how == "exit" {
			os.Exit(3)
		}
	}
}

func (b *breaking) health(w http.ResponseWriter, _ *http.Request) {
	if b.isBroken.Load() && b.how == "unready" {
		http.Error(w, "too little memory is left", http.StatusServiceUnavailable)
		return
	}
	if b.isBroken.Load() && b.how == "slow" {
		time.Sleep(2500 * time.Millisecond)
	}
	fmt.Fprintln(w, "ok")
}
