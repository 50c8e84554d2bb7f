// The same in C++: a memory resource that says what it hands out.
//
//	c++ -std=c++17 -g -O2 -o pools pools.cc && esc record ./pools && esc report
#include <esc.h>

#include <cstdio>
#include <memory_resource>
#include <string>
#include <vector>

namespace
{

// Hands out what another resource does; what is left in it at the end is given back.
class Pool : public std::pmr::memory_resource
{
public:
	Pool(const char *name, std::pmr::memory_resource *from) :
	    from(from), pool(esc_pool_new(name))
	{
	}
	~Pool() override { esc_pool_reset(pool); }
	Pool(const Pool &) = delete;
	Pool &operator=(const Pool &) = delete;

private:
	void *
	do_allocate(std::size_t size, std::size_t alignment) override
	{
		void *block = from->allocate(size, alignment);

		esc_pool_allocate(pool, block, size);
		return block;
	}
	void
	do_deallocate(void *block, std::size_t size, std::size_t alignment) override
	{
		esc_pool_free(pool, block);
		from->deallocate(block, size, alignment);
	}
	bool
	do_is_equal(const memory_resource &other) const noexcept override
	{
		return this == &other;
	}

	std::pmr::memory_resource *from;
	unsigned int pool;
};

using Words = std::pmr::vector<std::pmr::string>;

// They go to whoever asked.
__attribute__((noinline)) Words
words(std::pmr::memory_resource *pool, int request)
{
	Words list(pool);

	list.reserve(5);
	for (int i = 0; i < 5; i++)
		list.emplace_back(static_cast<std::size_t>(20 + request % 7 + i), 'x');
	return list;
}

// Its numbers do not leave it.
__attribute__((noinline)) std::size_t
sum(std::pmr::memory_resource *pool, const Words &list)
{
	std::pmr::vector<std::size_t> lengths(list.size(), pool);
	std::size_t all = 0;

	for (std::size_t i = 0; i < list.size(); i++)
		lengths[i] = list[i].size();
	for (std::size_t length : lengths)
		all += length;
	return all;
}

__attribute__((noinline)) std::size_t
answer(int request)
{
	std::pmr::monotonic_buffer_resource memory(4096);
	Pool pool("requests", &memory);

	return sum(&pool, words(&pool, request));
}

} // namespace

int
main()
{
	std::size_t all = 0;

	for (int i = 0; i < 1000; i++)
		all += answer(i);
	std::printf("%zu\n", all);
}
