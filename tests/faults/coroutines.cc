/*
 * Hazard: C++20 coroutines: frames on the heap, resumed from marked frames, that
 * throw, are destroyed half way, and resume one another (symmetric transfer).
 */
#include <coroutine>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/marks.h"

static long destroyed;

struct guard {
	char *block = (char *)malloc(40);
	~guard()
	{
		touch();
		free(block);
		destroyed++;
	}
};

struct task {
	struct promise_type {
		long value = 0;
		std::exception_ptr thrown;
		std::coroutine_handle<> waiting;
		task
		get_return_object()
		{
			touch();
			return task(std::coroutine_handle<promise_type>::from_promise(*this));
		}
		std::suspend_always
		initial_suspend() noexcept
		{
			return {};
		}
		struct last {
			bool
			await_ready() noexcept
			{
				return false;
			}
			std::coroutine_handle<>
			await_suspend(std::coroutine_handle<promise_type> self) noexcept
			{
				touch();
				auto next = self.promise().waiting;
				return next ? next : std::noop_coroutine();
			}
			void
			await_resume() noexcept
			{
			}
		};
		last
		final_suspend() noexcept
		{
			return {};
		}
		void
		return_value(long v)
		{
			value = v;
		}
		void
		unhandled_exception()
		{
			touch();
			thrown = std::current_exception();
		}
	};
	std::coroutine_handle<promise_type> handle;
	explicit task(std::coroutine_handle<promise_type> h) : handle(h)
	{
	}
	task(task &&other) : handle(std::exchange(other.handle, {}))
	{
	}
	task(const task &) = delete;
	~task()
	{
		if (handle)
			handle.destroy();
	}
	bool
	await_ready()
	{
		return false;
	}
	std::coroutine_handle<>
	await_suspend(std::coroutine_handle<> from)
	{
		touch();
		handle.promise().waiting = from;
		return handle;
	}
	long
	await_resume()
	{
		touch();
		if (handle.promise().thrown)
			std::rethrow_exception(handle.promise().thrown);
		return handle.promise().value;
	}
};

static std::vector<std::coroutine_handle<>> parked;

struct park {
	bool
	await_ready()
	{
		return false;
	}
	void
	await_suspend(std::coroutine_handle<> h)
	{
		touch();
		parked.push_back(h);
	}
	void
	await_resume()
	{
		touch();
	}
};

static task
work(int depth, bool throws)
{
	guard g;

	touch();
	co_await park();
	if (depth == 0 && throws)
		throw std::runtime_error("out of a coroutine");
	long result = 1;
	if (depth > 0)
		result += co_await work(depth - 1, throws);
	touch();
	co_return result;
}

static task
outer(int depth)
{
	long sum = 0;

	try {
		sum += co_await work(depth, true);
	} catch (const std::exception &e) {
		touch();
		sum += (long)std::string(e.what()).size();
	}
	sum += co_await work(depth, false);
	co_return sum;
}

int
main()
{
	long sum = 0;

	for (int round = 0; round < 300; round++) {
		task t = outer(round % 12);

		t.handle.resume();
		for (int turn = 0; !parked.empty(); turn++) {
			auto next = parked.back();

			parked.pop_back();
			touch();
			if (round % 5 == 4 && turn == 3)
				break; /* destroyed half way */
			next.resume();
		}
		parked.clear();
		if (t.handle.done())
			sum += t.handle.promise().value;
	}
	return printf("coroutines %ld destroyed %ld\n", sum, destroyed) < 0;
}
